import Dataplane
import Glibc
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Synchronization
import Testing

@testable import NftablesDataplane

/// Changes of others to Fairway's tables, noticed and put right.
@Suite(.enabled(if: Requirement.root && Requirement.tool("nft"), "needs root and nft"), .timeLimit(.minutes(3)))
struct KernelWatchTests {
    struct Edit: CustomTestStringConvertible, Sendable {
        let name: String
        /// Told to nft; `FAMILY` and `ADDRESS` stand for the family's.
        let script: String
        /// What the demand names.
        let object: String
        var testDescription: String { name }

        func script(_ family: IPFamily) -> String {
            script.replacing("FAMILY", with: NftablesFamily(family).text)
                .replacing("ADDRESS", with: family == .ipv4 ? "10.96.0.1" : "fd00::a60:0:0:1")
        }
    }

    static let edits: [Edit] = [
        Edit(name: "the table deleted", script: "delete table FAMILY fairway", object: "table removed"),
        Edit(
            name: "a chain flushed", script: "flush chain FAMILY fairway services",
            object: "rules of chain services removed"),
        Edit(
            name: "an element deleted",
            script: "delete element FAMILY fairway service-ips { ADDRESS . tcp . 80 }",
            object: "elements of set service-ips removed"),
        Edit(
            name: "an element added",
            script: "add element FAMILY fairway reject-services { ADDRESS . tcp . 80 }",
            object: "elements of set reject-services added or changed"),
        Edit(
            name: "a rule added", script: "add rule FAMILY fairway filter-input counter drop",
            object: "rules of chain filter-input added or changed"),
        Edit(
            name: "a chain added", script: "add chain FAMILY fairway more",
            object: "chain more added or changed"),
        Edit(
            name: "a base chain made to drop", script: "add chain FAMILY fairway filter-forward { policy drop; }",
            object: "chain filter-forward added or changed"),
        Edit(
            name: "the table switched off", script: "add table FAMILY fairway { flags dormant; }",
            object: "table added or changed"),
    ]

    private func node() throws -> (TestNetwork, TestNamespace) {
        let network = TestNetwork()
        return (network, try network.addNamespace("node"))
    }

    @Test("What a stranger changes is put right, in the family it was changed in", arguments: edits, IPFamily.allCases)
    func putRight(_ edit: Edit, _ family: IPFamily) async throws {
        let (network, node) = try node()
        defer { network.close() }
        let table = KernelCluster.table(services: 10)
        let (demands, failures, compared) = try await WatchedDataplane.with(in: node) { watched in
            try watched.synchronize(table)
            let before = watched.outcomes.count
            try WatchedDataplane.awaitRepair(of: table, family) {
                try WatchedDataplane.nft("\(edit.script(family))\n")
            }
            return (watched.demands, watched.failures, watched.outcomes.dropFirst(before).map(\.family))
        }
        #expect(failures == [])
        #expect(demands.count == 1 && demands.first?.reason == .foreignChange && demands.first?.families == [family])
        #expect(demands.first?.change?.processName == "nft")
        #expect(demands.first?.change?.objects.contains(edit.object) == true, "\(demands)")
        #expect(compared.allSatisfy { $0 == family }, "\(compared)")
    }

    /// Beyond 100 000 elements.
    private static let large = KernelCluster.table(services: 26_000, families: [.ipv4])

    @Test("100 000 elements through a queue of 64 KiB start no comparison", arguments: [true, false])
    func largeSync(hidesOwn: Bool) async throws {
        let (network, node) = try node()
        defer { network.close() }
        let (demands, failures, reports) = try await WatchedDataplane.with(
            in: node, hidesOwn: hidesOwn, queueBytes: 64 << 10
        ) { watched in
            try watched.synchronize(Self.large)
            // Behind it in the queue, so that all before it was judged when it is put right.
            try watched.awaitComparison { try WatchedDataplane.nft("flush chain ip fairway services\n") }
            return (watched.demands, watched.failures, watched.outcomes.compactMap { try? $0.result.get() })
        }
        #expect(failures == [])
        #expect(reports.map(\.elementsAdded).contains { $0 > 100_000 })
        #expect(demands.map(\.reason) == [.foreignChange], "\(demands)")
    }

    @Test("A stranger who commits all the time to a table of its own disturbs neither writing nor reading")
    func busyStranger() async throws {
        let (network, node) = try node()
        defer { network.close() }
        let (demands, failures, commits) = try await WatchedDataplane.with(in: node, queueBytes: 64 << 10) { watched in
            let stranger = BusyStranger()
            _ = try DedicatedThread(named: "stranger") { stranger.work() }
            defer { stranger.stop() }
            try watched.synchronize(Self.large)
            try watched.compare()
            let nothing = watched.outcomes.suffix(2).compactMap { try? $0.result.get() }
            guard nothing.count == 2, nothing.allSatisfy(\.isEmpty) else {
                throw TestSupportError("comparisons that wrote something: \(nothing)")
            }
            let commits = stranger.commits
            try watched.awaitComparison { try WatchedDataplane.nft("flush chain ip fairway services\n") }
            return (watched.demands, watched.failures, commits)
        }
        #expect(failures == [])
        #expect(commits > 20)
        #expect(demands.map(\.reason) == [.foreignChange], "\(demands)")
    }

    @Test("A table that is as it should be is synchronised without a commit", arguments: IPFamily.allCases)
    func unchangedGeneration(family: IPFamily) async throws {
        let (before, after, reports) = try await inFreshNamespace {
            let table = KernelCluster.table(services: 50)
            var dataplane = try NftablesDataplane()
            _ = try dataplane.synchronize(table, family: family)
            let socket = try NftablesSocket()
            let before = try socket.generation()
            var reports = [try dataplane.synchronize(table, family: family)]
            reports.append(try dataplane.apply(table.changes(from: table), family: family))
            var restarted = try NftablesDataplane()
            _ = try restarted.adoptOrder()
            reports.append(try restarted.synchronize(table, family: family))
            return (before, try socket.generation(), reports)
        }
        #expect(before == after)
        #expect(reports == [SyncReport](repeating: SyncReport(), count: 3))
    }
}

/// Commits 100 times a second to a table of its own, of the same family.
private final class BusyStranger: Sendable {
    private let state = Mutex<(commits: Int, isStopping: Bool)>((0, false))
    /// A hundredth of a second, in microseconds.
    private static let pause: UInt32 = 10_000

    var commits: Int { state.withLock { $0.commits } }
    func stop() { state.withLock { $0.isStopping = true } }

    func work() {
        guard let socket = try? NftablesSocket() else { return }
        let table = NftablesTable(family: .ip, name: "theirs")
        while !state.withLock({ $0.isStopping }) {
            do {
                var batch = NftablesBatch()
                try batch.destroyTable(table)
                try batch.addTable(table)
                try batch.addChain(NftablesChain("c"), to: table)
                try socket.commit(batch)
            } catch {
                return
            }
            state.withLock { $0.commits += 1 }
            usleep(Self.pause)
        }
    }
}
