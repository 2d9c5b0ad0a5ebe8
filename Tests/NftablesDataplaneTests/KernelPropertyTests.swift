import Dataplane
import DataplaneTesting
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import ServiceTable
import Testing

@testable import NftablesDataplane

/// Random tables in the kernel: it holds what the fake holds, and means what a fresh table means. A
/// failure names its seed.
@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
struct KernelPropertyTests {
    static let seeds: ClosedRange<UInt64> = 1...4
    /// About three frontends fit in one transaction.
    static let smallLimit = 300

    @Test("After every step the kernel holds what the fake holds", arguments: seeds, IPFamily.allCases)
    func kernelEqualsFake(_ seed: UInt64, _ family: IPFamily) async throws {
        try await inFreshNamespace {
            let nftables = NftablesFamily(family)
            let kernel = try KernelTableState(nftables)
            var fake = FakeNftables(family: nftables)
            var random = RandomServiceTable(seed: seed)
            var table = random.table()
            var (plan, planner) = NftablesPlanner.fullPlan(family: nftables, kernel: nil, table: table)
            for step in 0...8 {
                for transaction in plan.transactions(limitBytes: step % 2 == 0 ? .max : Self.smallLimit) {
                    try fake.apply(transaction)
                    try kernel.commit(transaction)
                }
                let held = try kernel.read()
                #expect(held.differences(from: fake) == [], "seed \(seed), step \(step)")
                let broken1 = try violations(held, of: table, family: family)
                #expect(broken1 == [], "seed \(seed), step \(step)")
                let fresh = try PlannedTable(table, family: family)
                #expect(TableMeaning(held) == TableMeaning(fresh.fake), "seed \(seed), step \(step)")
                let next = random.changed(table, oneIn: step % 3 + 1)
                if step == 4 {
                    // Another planner takes over what the kernel holds.
                    (plan, planner) = NftablesPlanner.fullPlan(
                        family: nftables, kernel: try kernel.executor.read(from: kernel.socket), table: next)
                } else {
                    plan = planner.plan(next.changes(from: table))
                }
                table = next
            }
        }
    }

    /// Of both tables that the kernel holds.
    private static func meanings() throws -> [TableMeaning] {
        try IPFamily.allCases.map { TableMeaning(try KernelTableState(NftablesFamily($0)).read()) }
    }

    @Test("A dataplane's steps leave the kernel as a fresh dataplane would", arguments: seeds)
    func stepsMeanTheSameAsAFreshSync(_ seed: UInt64) async throws {
        let (stepped, last) = try await inFreshNamespace {
            var random = RandomServiceTable(seed: seed)
            var table = random.table()
            var dataplane = try NftablesDataplane(transactionLimitBytes: Self.smallLimit)
            for family in IPFamily.allCases { _ = try dataplane.synchronize(table, family: family) }
            for step in 1...6 {
                let next = random.changed(table, oneIn: step % 3 + 1)
                for family in IPFamily.allCases { _ = try dataplane.apply(next.changes(from: table), family: family) }
                table = next
            }
            for family in IPFamily.allCases {
                // One more step clears chains that fell out of use; then nothing is left to do.
                let nothing = ServiceTableChange(old: table, new: table, changed: [])
                _ = try dataplane.apply(nothing, family: family)
                let report = try dataplane.synchronize(table, family: family)
                #expect(report.isEmpty, "seed \(seed), \(family): \(report)")
            }
            return (try Self.meanings(), table)
        }
        let fresh = try await inFreshNamespace {
            var dataplane = try NftablesDataplane()
            for family in IPFamily.allCases { _ = try dataplane.synchronize(last, family: family) }
            return try Self.meanings()
        }
        #expect(stepped == fresh, "seed \(seed)")
        #expect(stepped.allSatisfy { $0.unusedCodes.isEmpty }, "seed \(seed)")
    }
}
