import Dataplane
import DataplaneTesting
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Relay
import ServiceTable
import Testing

@testable import UserspaceDataplane

/// Services whose pods see the client's address, and what else reaches the relay by its sockets, over the real ruleset.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"), .timeLimit(.minutes(1)))
struct ClientAddressTests {
    /// A Service of pod 0 that keeps clients' addresses.
    private static func table(_ topology: ServiceTopology, _ family: IPFamily) -> ServiceTable {
        let relayed = OriginVerdicts(all: .balance(.cluster, masquerade: false))
        let pod = SocketAddress(topology.pods[0].address(family), port: 8080)
        let ports = [TransportProtocol.tcp, .udp].map { transport in
            let key = ServicePortKey(
                id: ServicePortID(namespace: "default", service: "web", portName: "", protocol: transport), family: family)
            return ServicePort(
                key: key, clusterBackends: BackendSet([.at("\(pod)", isLocal: true)]),
                frontends: [.clusterIP("\(clusterIP(family).address)", 80, relayed), .nodePort(30080, relayed)],
                relay: RelayPreferences(keepsClientAddress: true))
        }
        return .of(
            ports, node: NodeTable(localDetector: .none, nodePortAddresses: [ServiceTopology.nodeAddress(family)]))
    }

    private static func clusterIP(_ family: IPFamily) -> SocketAddress {
        SocketAddress(.text(family == .ipv4 ? "10.96.0.10" : "fd00:10:96::10"), port: 80)
    }

    /// The relay on the topology's node, in step with the table.
    private static func start(_ topology: ServiceTopology, _ family: IPFamily) async throws -> UserspaceRelay {
        try await topology.node.inside {
            let relay = try UserspaceRelay(UserspaceSettings())
            var dataplane = try UserspaceDataplane(UserspaceSettings(), relay: relay)
            _ = try dataplane.synchronize(table(topology, family), family: family)
            return relay
        }
    }

    private static func server(_ topology: ServiceTopology, _ family: IPFamily) async throws -> EchoServer {
        try await topology.pods[0].namespace.inside {
            try EchoServer(at: SocketAddress(IPAddress(bits: 0, family: family), port: 8080), tellsAddresses: true)
        }
    }

    @Test(
        "the pod sees who asks, and its answers come back; itself it sees as the node",
        arguments: [TransportProtocol.tcp, .udp], IPFamily.allCases)
    func seen(transport: TransportProtocol, family: IPFamily) async throws {
        let topology = try await ServiceTopology.make(pods: 2)
        defer { topology.close() }
        let server = try await Self.server(topology, family)
        let relay = try await Self.start(topology, family)
        let node: Set = [ServiceTopology.nodeAddress(family), ServiceTopology.podGateway(family)]
        let nodePort = SocketAddress(ServiceTopology.nodeAddress(family), port: 30080)
        let senders: [(TestNamespace, Set<IPAddress>)] = [
            (topology.client, [ServiceTopology.clientAddress(family)]),
            (topology.pods[1].namespace, [topology.pods[1].address(family)]), (topology.pods[0].namespace, node),
            (topology.node, node),
        ]
        for (sender, expected) in senders {
            for target in [Self.clusterIP(family), nodePort] {
                let answers = try await sender.inside {
                    let client = try OpenClient(transport, to: target)
                    return try (0..<3).map { _ in try client.exchange("who") }
                }
                let seen = answers.map { IPAddress($0) }
                #expect(seen.allSatisfy { $0.map(expected.contains) ?? false }, "\(answers) for \(expected) at \(target)")
            }
        }
        withExtendedLifetime((server, relay)) {}
    }

    @Test(
        "an answer comes back that connection tracking has forgotten the question of",
        .enabled(if: Requirement.tool("conntrack"), "needs conntrack"), arguments: IPFamily.allCases)
    func late(family: IPFamily) async throws {
        let topology = try await ServiceTopology.make(pods: 1)
        defer { topology.close() }
        let backend = try await topology.pods[0].namespace.inside {
            try OpenBackend(at: SocketAddress(topology.pods[0].address(family), port: 8080))
        }
        let relay = try await Self.start(topology, family)
        let client = try await topology.client.inside { try OpenClient(.udp, to: Self.clusterIP(family)) }
        try client.send("question")
        let question = try await DedicatedThread.run(named: "test") { try #require(try backend.next()) }
        #expect(question.peer.address == ServiceTopology.clientAddress(family))
        let flush = try await topology.node.run(["conntrack", "-F"])
        #expect(flush.status.isSuccess, "\(flush)")
        try backend.answer("answer", along: question)
        let answer = try await DedicatedThread.run(named: "test") { try client.receive() }
        #expect(answer == "answer")
        withExtendedLifetime(relay) {}
    }

    @Test(
        "a pod that refuses is told of to the client that it was to see", arguments: [TransportProtocol.tcp, .udp],
        IPFamily.allCases)
    func refused(transport: TransportProtocol, family: IPFamily) async throws {
        let topology = try await ServiceTopology.make(pods: 1)
        defer { topology.close() }
        let relay = try await Self.start(topology, family)
        let reply = try await topology.client.ask(transport, Self.clusterIP(family))
        // A connection that was taken cannot be refused any more.
        #expect(reply == .error(transport == .udp ? .connectionRefused : .connectionReset))
        #expect(relay.engine.statistics.refusals[.limit] == nil)
    }

    @Test("a connection follows what a router says of the path's MTU", arguments: IPFamily.allCases)
    func pathMTU(family: IPFamily) async throws {
        let topology = try await ServiceTopology.make(pods: 1)
        defer { topology.close() }
        let far = try topology.network.addNamespace("far")
        try topology.network.connect(topology.client, "eth1", far, "eth0")
        try topology.client.setSysctl("net/ipv4/ip_forward", "1")
        try topology.client.setSysctl("net/ipv6/conf/all/forwarding", "1")
        try topology.client.configure([
            "link set eth1 mtu 1280", "addr add 198.51.100.1/24 dev eth1", "addr add 2001:db8:51::1/64 dev eth1 nodad",
        ])
        try far.configure([
            "addr add 198.51.100.2/24 dev eth0", "addr add 2001:db8:51::2/64 dev eth0 nodad",
            "route add default via 198.51.100.1", "route add ::/0 via 2001:db8:51::1",
        ])
        let byteCount = 100_000
        let source = try await topology.pods[0].namespace.inside {
            try StreamSource(at: SocketAddress(topology.pods[0].address(family), port: 8080), byteCount: byteCount)
        }
        let relay = try await Self.start(topology, family)
        let received = try await far.inside { try OpenClient(.tcp, to: Self.clusterIP(family)).count(upTo: byteCount) }
        #expect(received == byteCount)
        withExtendedLifetime((source, relay)) {}
    }
}

/// A pod's socket that answers when it is told to.
private final class OpenBackend: Sendable {
    private let socket: Socket
    private let epoll: Epoll

    init(at address: SocketAddress) throws {
        socket = try Socket(.datagram, address.family)
        epoll = try Epoll()
        try socket.bind(to: address)
        try epoll.add(socket.descriptor.rawValue, .readable, token: 0)
    }

    /// Where the next datagram came from; nil when none comes for some seconds.
    func next() throws -> DatagramPath? {
        _ = try epoll.wait(timeout: .seconds(5))
        var buffer = [UInt8](repeating: 0, count: 256)
        return try socket.receiveDatagram(into: &buffer)?.path
    }

    func answer(_ text: String, along path: DatagramPath) throws {
        _ = try socket.sendDatagram(Array(text.utf8).span, along: path)
    }
}

/// Sends so many bytes to the first who connects, on a thread of its own.
private final class StreamSource: Sendable {
    private final class Sockets: Sendable {
        let listener: Socket
        init(_ address: SocketAddress) throws {
            listener = try Socket(.stream, address.family)
            try listener.bind(to: address)
            try listener.listen()
        }
    }

    init(at address: SocketAddress, byteCount: Int) throws {
        let sockets = try Sockets(address)
        _ = try DedicatedThread(named: "stream-source") {
            guard let epoll = try? Epoll() else { return }
            try? epoll.add(sockets.listener.descriptor.rawValue, .readable, token: 0)
            guard let ready = try? epoll.wait(timeout: .seconds(20)), !ready.isEmpty,
                let accepted = try? sockets.listener.accept()
            else { return }
            let socket = accepted.take()
            try? epoll.remove(sockets.listener.descriptor.rawValue)
            try? epoll.add(socket.descriptor.rawValue, .writable, token: 1)
            let bytes = [UInt8](repeating: 7, count: byteCount)
            var sent = 0
            while sent < byteCount {
                guard let ready = try? epoll.wait(timeout: .seconds(20)), !ready.isEmpty else { return }
                do throws(Errno) { sent += try socket.send(bytes.span.extracting(sent...)) ?? 0 } catch { return }
            }
            // Until the client is done: its end, or its reset.
            try? epoll.modify(socket.descriptor.rawValue, .readable, token: 1)
            _ = try? epoll.wait(timeout: .seconds(20))
        }
    }
}
