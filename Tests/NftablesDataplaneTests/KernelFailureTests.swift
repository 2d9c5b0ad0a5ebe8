import Dataplane
import DataplaneTesting
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

@testable import NftablesDataplane

/// A plan of many transactions, one of which the kernel refuses.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
struct KernelFailureTests {
    /// Sets whose keys begin with the address of a frontend.
    private static let damageable: Set<TableSet> = [
        .clusterEndpoints, .localEndpoints, .serviceAddresses, .rejectServices, .dropServices,
    ]

    struct Found: Sendable {
        var refused: Int?
        var expected = 0
        var error = ""
        /// Service ports whose flows are neither wholly the old ones nor wholly the new ones.
        var mixed: [String] = []
        var oldCount = 0
        var newCount = 0
        /// The comparison that follows wrote something, and the one after it nothing.
        var repairs: [Bool] = []
        var violations: [String] = []
    }

    @Test(
        "A refusal half-way leaves each service port wholly old or wholly new, and the next comparison ends it",
        arguments: IPFamily.allCases)
    func refusedHalfWay(family: IPFamily) async throws {
        let found = try await inFreshNamespace {
            let nftables = NftablesFamily(family)
            let kernel = try KernelTableState(nftables)
            var random = RandomServiceTable(seed: 2)
            let old = random.table()
            let new = random.changed(old, oneIn: 2)
            var (plan, planner) = NftablesPlanner.fullPlan(family: nftables, kernel: nil, table: old)
            for transaction in plan.transactions(limitBytes: .max) { try kernel.commit(transaction) }
            plan = planner.plan(new.changes(from: old))
            let transactions = plan.transactions(limitBytes: 1)

            // A stranger deletes what a transaction in the middle is going to delete.
            var found = Found()
            let deletions = transactions.enumerated().compactMap { index, operations in
                operations.lazy.compactMap { operation -> (index: Int, set: TableSet, element: NftablesElement)? in
                    guard case .deleteElements(let set, let elements) = operation, Self.damageable.contains(set),
                        let element = elements.first
                    else { return nil }
                    return (index, set, element)
                }.first
            }
            guard !deletions.isEmpty else { throw TestSupportError("nothing is deleted: \(transactions)") }
            let damage = deletions[deletions.count / 2]
            found.expected = damage.index
            let key = NftablesElement(key: damage.element.key)
            try kernel.commit([.deleteElements(damage.set, [key])])
            for (index, transaction) in transactions.enumerated() where found.refused == nil {
                do throws(NetlinkError) {
                    try kernel.commit(transaction)
                } catch {
                    (found.refused, found.error) = (index, error.description)
                }
            }
            try Self.judge(kernel.read(), old, new, family, except: Array(key.key.prefix(family.addressByteCount)), &found)

            var dataplane = try NftablesDataplane()
            for _ in 0..<2 { found.repairs.append(try !dataplane.synchronize(new, family: family).isEmpty) }
            found.violations = try violations(kernel.read(), of: new, family: family)
            return found
        }
        #expect(found.refused == found.expected && found.error.contains("delete element"), "\(found)")
        #expect(found.mixed == [])
        #expect(found.oldCount > 0 && found.newCount > 0, "\(found)")
        #expect(found.repairs == [true, false])
        #expect(found.violations == [])
    }

    /// Sorts the service ports that change into old, new and mixed, but for those at the damaged address.
    private static func judge(
        _ held: FakeNftables, _ old: ServiceTable, _ new: ServiceTable, _ family: IPFamily, except damaged: [UInt8],
        _ found: inout Found
    ) throws {
        let tracer = PacketTracer(held, localAddresses: Set(RandomServiceTable.nodeAddresses))
        let (before, after) = (old.owners(family), new.owners(family))
        for key in Set((Array(old.values) + Array(new.values)).map(\.key)) where key.family == family {
            guard old[key] != new[key] else { continue }
            let frontends = [old[key], new[key]].compactMap { $0 }.flatMap { port in
                port.frontends.map { $0.key(in: key) }
            }
            let isDamaged = frontends.contains { frontend in
                if case .address(let address) = frontend.destination { address.networkBytes == damaged } else { false }
            }
            guard !isDamaged else { continue }
            let flows = FrontendFlow.all(Set(frontends))
            let outcomes = try flows.map { try tracer.outcomes($0.packet) }
            if outcomes == flows.map({ $0.expected(before) }) {
                found.oldCount += 1
            } else if outcomes == flows.map({ $0.expected(after) }) {
                found.newCount += 1
            } else {
                found.mixed.append("\(key)")
            }
        }
    }

    @Test("An answer that is lost, or a refusal, is followed by a comparison")
    func comparesAfterFailure() {
        var pacer = SyncPacer(limits: .init(firstRetry: .zero))
        let table = KernelCluster.table(services: 1)
        var actions: [String] = []
        for succeeds in [true, false, true] {
            pacer.submit(table.changes(from: ServiceTable()))
            switch pacer.next(now: .zero) {
            case .full(_, let reason): actions.append(reason.rawValue)
            case .incremental: actions.append("step")
            case .idle, .wait: actions.append("none")
            }
            pacer.finished(succeeded: succeeds, now: .zero)
        }
        #expect(actions == ["start", "step", "failure"])
    }
}
