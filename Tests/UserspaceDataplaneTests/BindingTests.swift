import Dataplane
import DataplaneTesting
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Synchronization
import Testing

@testable import UserspaceDataplane

/// Frontends that are bound, in a namespace with one address beside the loopback's.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"), .timeLimit(.minutes(1)))
struct BindingTests {
    private static let relayed = OriginVerdicts(all: .balance(.cluster, masquerade: false))

    private static func settings() -> UserspaceSettings {
        var settings = UserspaceSettings()
        settings.binding = .loopback
        return settings
    }

    private static func makeNode() throws -> (TestNetwork, TestNamespace) {
        let network = TestNetwork()
        let node = try network.addNamespace("laptop")
        try node.configure([
            "link add name eth0 type bridge", "link set eth0 up", "addr add 192.0.2.1/24 dev eth0",
            "addr add 2001:db8:2::1/64 dev eth0 nodad",
        ])
        return (network, node)
    }

    private static func web(_ family: IPFamily, _ transport: TransportProtocol, more: [Frontend] = []) -> ServicePort {
        .named(
            "web", transport, family: family, cluster: [.at(family == .ipv4 ? "127.0.0.2:8080" : "[::1]:8080")],
            frontends: [.clusterIP(family == .ipv4 ? "10.96.0.10" : "fd00:10:96::10", 80, relayed), .nodePort(30080, relayed)]
                + more)
    }

    private static func backend(_ family: IPFamily) -> SocketAddress {
        SocketAddress(.text(family == .ipv4 ? "127.0.0.2" : "::1"), port: 8080)
    }

    @Test(
        "ClusterIPs are served at the loopback, NodePorts there and at the node's addresses", arguments: IPFamily.allCases,
        [TransportProtocol.tcp, .udp])
    func served(family: IPFamily, transport: TransportProtocol) async throws {
        let (network, node) = try Self.makeNode()
        let nodeAddress = IPAddress.text(family == .ipv4 ? "192.0.2.1" : "2001:db8:2::1")
        let port = Self.web(family, transport)
        let (relay, server) = try await node.inside {
            let relay = try UserspaceRelay(Self.settings())
            var dataplane = try UserspaceDataplane(Self.settings(), relay: relay)
            _ = try dataplane.synchronize(
                .of([port], node: NodeTable(nodePortAddresses: [nodeAddress])), family: family)
            return (relay, try NameServer("web", at: Self.backend(family)))
        }
        let places = relay.boundPlaces
        let clusterIP = places[port.frontends[0].key(in: port.key)] ?? []
        let nodePort = places[port.frontends[1].key(in: port.key)] ?? []
        #expect(clusterIP.map(\.address) == [.loopback(family)])
        #expect(Set(nodePort) == [SocketAddress(nodeAddress, port: 30080), SocketAddress(.loopback(family), port: 30080)])
        for place in clusterIP + nodePort {
            let reply = try await node.ask(transport, place)
            #expect(reply == .answer("web"), "\(place)")
        }
        withExtendedLifetime((relay, server)) {}
        network.close()
    }

    @Test("a frontend keeps its port over steps, and gets it back when it returns")
    func stablePorts() async throws {
        let (network, node) = try Self.makeNode()
        let web = Self.web(.ipv4, .tcp)
        let other = ServicePort.named("other", frontends: [.clusterIP("10.96.0.11", 80, Self.relayed)])
        let key = web.frontends[0].key(in: web.key)
        let ports = try await node.inside {
            let relay = try UserspaceRelay(Self.settings())
            var dataplane = try UserspaceDataplane(Self.settings(), relay: relay)
            var ports: [UInt16?] = []
            var table = ServiceTable.of([web])
            _ = try dataplane.synchronize(table, family: .ipv4)
            ports.append(relay.boundPlaces[key]?.first?.port)
            for next in [ServiceTable.of([web, other]), .of([other]), .of([web, other])] {
                _ = try dataplane.apply(next.changes(from: table), family: .ipv4)
                table = next
                ports.append(relay.boundPlaces[key]?.first?.port)
            }
            return ports
        }
        #expect(ports[0] != nil)
        #expect(ports == [ports[0], ports[0], nil, ports[0]])
        network.close()
    }

    @Test("an address that the node has is bound, another is served at the loopback")
    func ownAddresses() async throws {
        let (network, node) = try Self.makeNode()
        let frontends: [Frontend] = [
            .loadBalancerIP("192.0.2.1", 8443, Self.relayed), .loadBalancerIP("198.51.100.7", 8443, Self.relayed),
        ]
        let port = ServicePort.named("web", frontends: frontends)
        let (places, notices) = try await node.inside {
            let notices = Notices()
            let relay = try UserspaceRelay(Self.settings())
            var dataplane = try UserspaceDataplane(Self.settings(), relay: relay) { notices.add($0) }
            _ = try dataplane.synchronize(.of([port]), family: .ipv4)
            return (frontends.map { relay.boundPlaces[$0.key(in: port.key)] ?? [] }, notices.all)
        }
        #expect(places[0] == [SocketAddress(.text("192.0.2.1"), port: 8443)])
        #expect(places[1].map(\.address) == [.text("127.0.0.1")])
        #expect(notices.isEmpty)
        network.close()
    }

    @Test("a port that somebody else has is told once, and all others are served")
    func takenPort() async throws {
        let (network, node) = try Self.makeNode()
        let web = Self.web(.ipv4, .tcp)
        let table = ServiceTable.of([web], node: NodeTable(nodePortAddresses: [.text("192.0.2.1")]))
        let taken = SocketAddress(.text("192.0.2.1"), port: 30080)
        let (notices, nodePort) = try await node.inside {
            let other = try NameServer("other", at: taken)
            let notices = Notices()
            let relay = try UserspaceRelay(Self.settings())
            var dataplane = try UserspaceDataplane(Self.settings(), relay: relay) { notices.add($0) }
            for _ in 0..<2 { _ = try dataplane.synchronize(table, family: .ipv4) }
            withExtendedLifetime(other) {}
            return (notices.all, relay.boundPlaces[web.frontends[1].key(in: web.key)])
        }
        #expect(notices == [.unbound(web.frontends[1].key(in: web.key), at: taken, Errno(rawValue: 98))])
        #expect(notices.first?.description.contains("is not served at 192.0.2.1:30080: Address already in use") == true)
        #expect(nodePort == [SocketAddress(.text("127.0.0.1"), port: 30080)])
        network.close()
    }
}

private final class Notices: Sendable {
    private let list = Mutex<[UserspaceNotice]>([])
    func add(_ notice: UserspaceNotice) { list.withLock { $0.append(notice) } }
    var all: [UserspaceNotice] { list.withLock { $0 } }
}
