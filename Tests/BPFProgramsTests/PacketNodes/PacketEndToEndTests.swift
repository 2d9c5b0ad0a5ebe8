import BPF
import CBPFMaps
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

/// Real sockets through the programs on real interfaces, which offload checksums and segmentation.
struct PacketEndToEndTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]
    static let megabytes = 10

    /// One way to a Service behind pod 0.
    struct Way {
        var name: String
        var client: TestNamespace
        var service: StagedService
        /// What the pod sees.
        var seen: IPAddress
    }

    private func ways(_ node: PacketNode, _ family: IPFamily, _ transport: UInt8) -> [Way] {
        let topology = node.topology
        let inner = node.service(family, transport, isMasqueraded: false)
        var outer = node.service(family, transport)
        outer.id = 8
        outer.backends[0].id = 71
        outer.isNodePort = true
        outer.frontend = Endpoint(ServiceTopology.nodeAddress(family), 30_080)
        var own = node.service(family, transport)
        own.id = 9
        own.backends[0].id = 72
        own.frontend = Endpoint(family == .ipv4 ? "10.96.0.11" : "fd00:10:96::b", 80)
        let gateway = ServiceTopology.podGateway(family)
        return [
            Way(name: "NodePort", client: topology.client, service: outer, seen: gateway),
            Way(name: "pod to ClusterIP", client: topology.pods[1].namespace, service: inner, seen: topology.pods[1].address(family)),
            Way(name: "pod to itself", client: topology.pods[0].namespace, service: inner, seen: gateway),
            Way(name: "node to ClusterIP", client: topology.node, service: own, seen: gateway),
        ]
    }

    private func prepare(_ family: IPFamily, _ transport: UInt8) async throws -> (PacketNode, [Way]) {
        let node = try await PacketNode(pods: 2)
        try await node.attach()
        let ways = ways(node, family, transport)
        for way in ways { try node.stage.add(way.service) }
        return (node, ways)
    }

    private func expectNothingLeft(_ node: PacketNode) throws {
        let loads = try [UInt32(70), 71, 72].map { try node.stage.load($0) }
        #expect(loads == [0, 0, 0])
        _ = try node.stage.sweep(after: .seconds(200_000))
        let (entries, used, drops) = (
            try node.stage.connections.count(), try node.stage.used(), try node.stage.dropCounts()
        )
        #expect(entries == 0)
        #expect(used == 0)
        #expect(drops == [:])
    }

    @Test(
        "Ten megabytes there and back by every way, and then nothing is left", .enabled(if: Requirement.root, "needs root"),
        arguments: families)
    func streams(_ family: IPFamily) async throws {
        let (node, ways) = try await prepare(family, Transport.tcp)
        let pod = node.topology.pods[0]
        let listener = try await SocketBox.bound(.stream, to: Endpoint(pod.address(family), 8080), in: pod.namespace)
        for way in ways {
            let client = try await SocketBox.connecting(.stream, to: way.service.frontend, in: way.client)
            let peer = try await DedicatedThread.run(named: "exchange") {
                try StreamExchange.run(client, listener, total: Self.megabytes << 20)
            }
            #expect(peer.address == way.seen, "\(way.name)")
            let counts = try node.stage.counts(way.service.backends[0].id)
            #expect(counts.bytes_in > Self.megabytes << 20, "\(way.name)")
            #expect(counts.bytes_out > Self.megabytes << 20, "\(way.name)")
        }
        try expectNothingLeft(node)
    }

    @Test(
        "Datagrams there and back by every way, whole and in fragments, and then nothing is left",
        .enabled(if: Requirement.root, "needs root"), arguments: families)
    func datagrams(_ family: IPFamily) async throws {
        let (node, ways) = try await prepare(family, Transport.udp)
        let pod = node.topology.pods[0]
        let server = try await SocketBox.bound(.datagram, to: Endpoint(pod.address(family), 8080), in: pod.namespace)
        for way in ways {
            let client = try await SocketBox.connecting(.datagram, to: way.service.frontend, in: way.client)
            for size in [1, 1400, 4000, 60_000] {
                let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
                let peer = try await DedicatedThread.run(named: "exchange") {
                    try StreamExchange.datagram(client, server, bytes)
                }
                #expect(peer.address == way.seen, "\(way.name), \(size) bytes")
            }
        }
        _ = try node.stage.sweep(after: .seconds(1000))
        try expectNothingLeft(node)
    }
}
