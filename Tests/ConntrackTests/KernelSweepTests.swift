import Conntrack
import DataplaneTesting
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Synchronization
import Testing

/// Real flows through Fairway's table in the kernel, its result held against `conntrack -L`.
@Suite(
    .enabled(if: Requirement.root, "needs root: makes network namespaces"),
    .enabled(if: Requirement.tool("conntrack"), "needs conntrack"), .timeLimit(.minutes(2)))
struct KernelSweepTests {
    @Test(
        "a UDP client that keeps its port follows to the new pod",
        arguments: IPFamily.allCases, [Frontend.Kind.clusterIP, .nodePort])
    func follows(family: IPFamily, frontend: Frontend.Kind) async throws {
        let node = try await ServiceNode.make()
        defer { node.close() }
        let (first, second) = (node.table(.udp, pods: [0]), node.table(.udp, pods: [1]))
        let target = ServiceNode.target(frontend, family)
        try await node.synchronize(first)
        try await #expect(node.ask(target, port: 5001) == "pod0")
        try await #expect(node.ask(target, port: 5002) == "pod0")
        try await node.synchronize(second)
        // What the sweep is there for: without it the flow stays where it was.
        try await #expect(node.ask(target, port: 5001) == "pod0")
        // A flow that began under the new table is good.
        try await #expect(node.ask(target, port: 5003) == "pod1")
        let report = try await node.sweep(from: first, to: second, family: family)
        #expect(report.deleted == 2)
        let left = try await node.listed("udp", to: target)
        #expect(left.count == 1 && left[0].contains("sport=5003"), "\(left)")
        try await #expect(node.ask(target, port: 5001) == "pod1")
        let pod = node.topology.pods[1].address(family)
        let listed = try await node.listed("udp", to: target)
        #expect(listed.count == 2 && listed.allSatisfy { $0.contains("src=\(pod) ") }, "\(listed)")
    }

    @Test("flows stay with a pod that lingers")
    func lingers() async throws {
        let node = try await ServiceNode.make()
        defer { node.close() }
        let (first, second) = (node.table(.udp, pods: [0]), node.table(.udp, pods: [1], lingering: [0]))
        let target = ServiceNode.target(.clusterIP, .ipv4)
        try await node.synchronize(first)
        try await #expect(node.ask(target, port: 5001) == "pod0")
        try await node.synchronize(second)
        try await #expect(node.sweep(from: first, to: second, family: .ipv4).deleted == 0)
        try await #expect(node.ask(target, port: 5001) == "pod0")
    }

    @Test(
        "a UDP client that sent before the Service was there is served once it is",
        arguments: IPFamily.allCases, [Frontend.Kind.clusterIP, .nodePort])
    func early(family: IPFamily, frontend: Frontend.Kind) async throws {
        let node = try await ServiceNode.make()
        defer { node.close() }
        let table = node.table(.udp, pods: [0])
        let target = ServiceNode.target(frontend, family)
        // Fairway is there already: the kernel decides then that the flow is not to be translated.
        try await node.synchronize(ServiceTable(node: table.node))
        try await #expect(node.ask(target, port: 5001, timeout: "200ms") != "pod0")
        try await node.synchronize(table)
        try await #expect(node.ask(target, port: 5001, timeout: "200ms") != "pod0")
        try await #expect(node.listed("udp", to: target).count == 1)
        try await #expect(node.sweep(from: ServiceTable(), to: table, family: family).deleted == 1)
        try await #expect(node.ask(target, port: 5001) == "pod0")
    }

    @Test("stale SCTP flows go, good ones and TCP stay", arguments: IPFamily.allCases, [0, 16])
    func sctp(family: IPFamily, questionLimit: Int) async throws {
        let node = try await ServiceNode.make()
        defer { node.close() }
        let (before, after) = (node.table(.sctp, pods: [0, 1]), node.table(.sctp, pods: [1]))
        let target = ServiceNode.target(.nodePort, family)
        let places = node.topology.pods.map { SocketAddress($0.address(family), port: ServiceNode.podPort) }
        let sweeps = StaleFlows(closesTCP: false).sweeps(of: after.changes(from: before), family: family)
        let report = try await node.topology.node.inside {
            let entries = [TransportProtocol.sctp, .tcp].flatMap { transport in
                (0..<20).map { flow(transport, "\(target)", to: "\(places[$0 % 2])", client: UInt16(6000 + $0)) }
            }
            try ConntrackSocket().insert(entries)
            return try FlowSweeper(closesTCP: false, questionLimit: questionLimit).run(sweeps) {
                FlowSweeper.Tables(generation: 0, tables: [after])
            }
        }
        #expect(report.deleted == 10)
        #expect(report.dumps == (questionLimit == 0 ? 1 : 2))
        let left = try await node.listed("sctp", to: target)
        #expect(left.count == 10 && left.allSatisfy { $0.contains("src=\(places[1].address) ") }, "\(left)")
        try await #expect(node.listed("tcp", to: target).count == 20)
    }

    @Test("of more stale entries than are held at once, each goes")
    func many() async throws {
        let network = TestNetwork()
        defer { network.close() }
        let table = ServiceTable.of([
            .named("dns", .udp, frontends: [.clusterIP("10.96.0.53", 53, OriginVerdicts(all: .reject))])
        ])
        let (report, left) = try await network.addNamespace("node").inside {
            let socket = try ConntrackSocket()
            try socket.insert((0..<10_000).map { flow(.udp, "10.96.0.53:53", to: "10.244.0.10:53", client: UInt16(1024 + $0)) })
            try socket.insert([flow(.udp, "10.96.0.54:53", to: "10.244.0.10:53")])
            let sweeps = StaleFlows(closesTCP: false).sweeps(ofAll: table, family: .ipv4)
            let report = try FlowSweeper(closesTCP: false).run(sweeps) {
                FlowSweeper.Tables(generation: 0, tables: [table])
            }
            return (report, try socket.count())
        }
        #expect(report.deleted == 10_000)
        #expect(left == 1)
    }

    @Test("an entry that became good while it was read is spared")
    func becameGood() async throws {
        let network = TestNetwork()
        defer { network.close() }
        func table(_ backends: [String]) -> ServiceTable {
            .of([
                .named(
                    "dns", .udp, cluster: backends.map { .at($0) },
                    frontends: [.clusterIP("10.96.0.53", 53, OriginVerdicts(all: .cluster))])
            ])
        }
        let (old, new) = (table(["10.244.0.9:53"]), table(["10.244.0.10:53"]))
        let asked = Mutex(UInt64(0))
        let deleted = try await network.addNamespace("node").inside {
            try ConntrackSocket().insert([
                flow(.udp, "10.96.0.53:53", to: "10.244.0.10:53", client: 1),
                flow(.udp, "10.96.0.53:53", to: "10.244.0.11:53", client: 2),
            ])
            let sweeps = StaleFlows(closesTCP: false).sweeps(ofAll: old, family: .ipv4)
            return try FlowSweeper(closesTCP: false).run(sweeps) {
                let generation = asked.withLock { count in
                    count += 1
                    return count
                }
                return FlowSweeper.Tables(generation: generation, tables: [generation == 1 ? old : new])
            }.deleted
        }
        #expect(deleted == 1)
    }
}
