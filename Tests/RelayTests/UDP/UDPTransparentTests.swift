import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@testable import Relay

/// A node whose 10.96.0.0/12 and fd00:10:96::/112 reach the relay by TPROXY, as redirection by the kernel brings them.
struct TransparentNode: Sendable {
    static let port: UInt16 = 7000
    static let mark: UInt32 = 0x4000
    let topology: ServiceTopology

    static func make() async throws -> TransparentNode {
        let topology = try await ServiceTopology.make(pods: 2)
        let rules = """
            table inet relay {
                chain arriving {
                    type filter hook prerouting priority mangle
                    ip daddr 10.96.0.0/12 meta l4proto udp meta mark set 1 tproxy ip to :\(port) accept
                    ip6 daddr fd00:10:96::/112 meta l4proto udp meta mark set 1 tproxy ip6 to :\(port) accept
                }
                chain leaving {
                    type route hook output priority mangle
                    meta mark \(mark) accept
                    ip daddr 10.96.0.0/12 meta l4proto udp meta mark set 1
                    ip6 daddr fd00:10:96::/112 meta l4proto udp meta mark set 1
                }
            }
            """
        let output = try await topology.node.run(["nft", "-f", "-"], input: rules)
        guard output.status.isSuccess else { throw TestSupportError("nft: \(output)") }
        for family in ["-4", "-6"] {
            for command in ["rule add fwmark 1 lookup 100", "route add local default dev lo table 100"] {
                let output = try await topology.node.run(["ip", family] + command.split(separator: " ").map { String($0) })
                guard output.status.isSuccess else { throw TestSupportError("ip \(command): \(output)") }
            }
        }
        return TransparentNode(topology: topology)
    }

    static func frontend(_ family: IPFamily, _ last: UInt32 = 10) -> SocketAddress {
        let base: UInt128 = 0xfd00_0010_0096_0000_0000_0000_0000_0000
        let address = family == .ipv4 ? IPAddress(v4: 0x0A60_0000 + last) : IPAddress(bits: base + UInt128(last), family: family)
        return SocketAddress(address, port: 53)
    }

    /// On the node's thread: a bench with the listener.
    func bench(_ family: IPFamily, _ change: (inout RelayConfiguration) -> Void = { _ in }) throws -> UDPBench {
        let bench = try UDPBench {
            $0.mark = Self.mark
            change(&$0)
        }
        let any = SocketAddress(IPAddress(bits: 0, family: family), port: Self.port)
        try bench.listen(RelayListener(.udp, at: any, isTransparent: true, origin: .outside))
        return bench
    }

    func backend(_ index: Int, _ family: IPFamily) throws -> TestPeer {
        let address = SocketAddress(topology.pods[index].address(family), port: 5353)
        return try topology.pods[index].namespace.insideBlocking { try TestPeer(at: address, family) }
    }

    func client(_ family: IPFamily, connectedTo frontend: SocketAddress?, port: UInt16 = 0) throws -> TestPeer {
        let address = SocketAddress(ServiceTopology.clientAddress(family), port: port)
        return try topology.client.insideBlocking { try TestPeer(at: address, family, connectedTo: frontend) }
    }
}

@Suite(
    "UDP by TPROXY",
    .enabled(if: Requirement.root && Requirement.tool("nft"), "needs root and nft: makes network namespaces"))
struct UDPTransparentTests {
    @Test("answers come from the frontend that was asked, in every size", arguments: IPFamily.allCases)
    func echo(_ family: IPFamily) async throws {
        let node = try await TransparentNode.make()
        defer { node.topology.close() }
        try await node.topology.node.inside {
            let bench = try node.bench(family)
            let backend = try node.backend(0, family)
            let (service, backends) = service([backend])
            let clients = try (0..<6).map { index in
                let frontend = TransparentNode.frontend(family, 10 + UInt32(index) % 2)
                bench.directory.set(frontend, service)
                return try node.client(family, connectedTo: frontend)
            }
            let unconnected = try node.client(family, connectedTo: nil)
            for (index, size) in [0, 1, 512, 1472, 1473, 9000, 65_507].enumerated() {
                for client in clients {
                    try client.send(pattern(size, index))
                    #expect(try bench.next(at: client, echoing: [backend]).bytes == pattern(size, index))
                }
                try unconnected.send(pattern(size, index), to: TransparentNode.frontend(family))
                #expect(try bench.next(at: unconnected, echoing: [backend]).from == TransparentNode.frontend(family))
            }
            #expect(bench.carrier.count == 7)
            #expect(bench.relay?.replySockets.count == 2)
            #expect(backends[0].traffic.counts.packetsOut == 49)
            try bench.pass(.seconds(61))
            #expect(bench.carrier.count == 0 && bench.relay?.replySockets.count == 0)
        }
    }

    @Test("the node's own programs are served", arguments: IPFamily.allCases)
    func local(_ family: IPFamily) async throws {
        let node = try await TransparentNode.make()
        defer { node.topology.close() }
        try await node.topology.node.inside {
            let bench = try node.bench(family)
            let backend = try node.backend(0, family)
            let (service, _) = service([backend])
            bench.directory.set(TransparentNode.frontend(family), service)
            let address = SocketAddress(ServiceTopology.nodeAddress(family), port: 0)
            let client = try TestPeer(at: address, family, connectedTo: TransparentNode.frontend(family))
            for size in [0, 100, 65_507] {
                try client.send(pattern(size, 1))
                #expect(try bench.next(at: client, echoing: [backend]).bytes == pattern(size, 1))
            }
        }
    }

    @Test("a refusal of the backend, and of the relay, reaches the client as the frontend's", arguments: IPFamily.allCases)
    func refusal(_ family: IPFamily) async throws {
        let node = try await TransparentNode.make()
        defer { node.topology.close() }
        try await node.topology.node.inside {
            let bench = try node.bench(family)
            let address = SocketAddress(node.topology.pods[0].address(family), port: 5353)
            let service = RelayService(name: "default/closed")
            service.set([RelayBackend(address)])
            bench.directory.set(TransparentNode.frontend(family), service)
            let client = try node.client(family, connectedTo: TransparentNode.frontend(family))
            try client.send([1])
            #expect(try bench.error(at: client) == .connectionRefused)
            let backend = try node.backend(0, family)
            try client.send([2])
            #expect(try bench.next(at: client, echoing: [backend]).bytes == [2])
            let unknown = try node.client(family, connectedTo: TransparentNode.frontend(family, 99))
            try unknown.send([1])
            #expect(try bench.error(at: unknown) == .connectionRefused)
            #expect(bench.statistics.datagrams[.errorTold] == 2)
        }
    }

    @Test("the backend sees the client's address and port where it is to", arguments: IPFamily.allCases)
    func clientAddress(_ family: IPFamily) async throws {
        let node = try await TransparentNode.make()
        defer { node.topology.close() }
        // The backend's answers to the client's address are the relay's, as the redirection sees to.
        let rules = """
            table inet back {
                chain arriving {
                    type filter hook prerouting priority mangle + 1
                    iifname "veth*" udp sport 5353 socket transparent 1 meta mark set 1 accept
                }
            }
            """
        let output = try await node.topology.node.run(["nft", "-f", "-"], input: rules)
        #expect(output.status.isSuccess, "\(output)")
        try await node.topology.node.inside {
            let bench = try node.bench(family)
            let backend = try node.backend(0, family)
            var options = RelayService.Options()
            options.keepsClientAddress = true
            let (service, _) = service([backend], options: options)
            for last in [10, 11] as [UInt32] { bench.directory.set(TransparentNode.frontend(family, last), service) }
            let client = try node.client(family, connectedTo: nil)
            var seen: [SocketAddress] = []
            for last in [10, 11] as [UInt32] {
                try client.send([1], to: TransparentNode.frontend(family, last))
                var back: TestPeer.Received?
                try bench.run {
                    seen += try backend.echo().map(\.from)
                    back = try client.receive()
                    return back != nil
                }
                #expect(back?.from == TransparentNode.frontend(family, last))
            }
            #expect(seen.map(\.address) == [client.address.address, client.address.address])
            // The second session of the same port has the address with another port: the backend tells them apart.
            #expect(seen.first?.port == client.address.port && seen.last?.port != client.address.port)
        }
    }

    @Test("another program on every address with the frontend's port is no obstacle", arguments: IPFamily.allCases)
    func takenPort(_ family: IPFamily) async throws {
        let node = try await TransparentNode.make()
        defer { node.topology.close() }
        try await node.topology.node.inside {
            let other = try TestPeer(at: SocketAddress(IPAddress(bits: 0, family: family), port: 53), family)
            let bench = try node.bench(family)
            let backend = try node.backend(0, family)
            let (service, _) = service([backend])
            bench.directory.set(TransparentNode.frontend(family), service)
            let client = try node.client(family, connectedTo: TransparentNode.frontend(family))
            for (index, size) in [0, 1, 513, 1473, 65_507].enumerated() {
                try client.send(pattern(size, index))
                let isSame = try bench.next(at: client, echoing: [backend]).bytes == pattern(size, index)
                #expect(isSame, "\(size) bytes")
            }
            #expect(bench.relay?.replySockets.count == 0 && bench.statistics.datagrams[.lost] == 0)
            #expect(try other.receiveAll().isEmpty)
        }
    }

    @Test("reply sockets beyond their limit are opened for a batch, and closed after it") func replySocketLimit() async throws {
        try await onThread(isolated: true) {
            var sockets = UDPReplySockets(mark: 0, limit: 2)
            let addresses = (0..<3).map { TransparentNode.frontend(.ipv4, 20 + UInt32($0)) }
            let before = try socketCount()
            let kept = try addresses.map { try sockets.take($0) }
            #expect(kept.map(\.users) == [1, 1, 0] && sockets.count == 2)
            let again = try sockets.take(addresses[0])
            #expect(again === kept[0] && again.users == 2)
            for socket in [again, kept[0], kept[1]] { sockets.giveBack(socket) }
            #expect(sockets.count == 0)
            withExtendedLifetime(kept) {}
            #expect(try socketCount() >= before)
        }
    }

    @Test("workers share what arrives, and each flow stays with one", arguments: IPFamily.allCases)
    func workers(_ family: IPFamily) async throws {
        let node = try await TransparentNode.make()
        defer { node.topology.close() }
        try await node.topology.node.inside {
            let directory = TestDirectory()
            let backend = try node.backend(0, family)
            let (service, backends) = service([backend])
            directory.set(TransparentNode.frontend(family), service)
            var configuration = RelayConfiguration()
            configuration.workers = 3
            configuration.mark = TransparentNode.mark
            let engine = try RelayEngine(configuration, directory: directory)
            defer { engine.finish(within: .zero) }
            let any = SocketAddress(IPAddress(bits: 0, family: family), port: TransparentNode.port)
            #expect(engine.listen([RelayListener(.udp, at: any, isTransparent: true)]).isEmpty)
            let clients = try (0..<40).map { _ in try node.client(family, connectedTo: TransparentNode.frontend(family)) }
            for round in 0..<3 as Range<UInt8> {
                for (index, client) in clients.enumerated() { try client.send([UInt8(index), round]) }
                for (index, client) in clients.enumerated() {
                    #expect(try waitFor(client, echoing: backend) == [UInt8(index), round])
                }
            }
            #expect(backends[0].active == 40)
            #expect(backends[0].traffic.counts.packetsIn == 120 && backends[0].traffic.counts.connections == 40)
        }
    }
}

/// What a client gets next, while the relay has threads of its own.
func waitFor(_ client: TestPeer, echoing backend: TestPeer) throws -> [UInt8] {
    let epoll = try Epoll()
    try epoll.add(client.socket.descriptor.rawValue, .readable, token: 0)
    try epoll.add(backend.socket.descriptor.rawValue, .readable, token: 1)
    let end = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < end {
        _ = try epoll.wait(timeout: .milliseconds(100))
        try backend.echo()
        if let received = try client.receive() { return received.bytes }
    }
    throw TestSupportError("nothing came")
}
