import DataplaneTesting
import FoundationEssentials
import Netlink
import NetworkTypes
import NftablesDataplane
import ServiceTable
import Testing

/// What holds for every table and every step. A failure names its seed.
@Suite struct PlannerPropertyTests {
    /// `FAIRWAY_PROPERTY_SEEDS` seeds are tried, from 1 on.
    static let seeds: ClosedRange<UInt64> = {
        let wanted = ProcessInfo.processInfo.environment["FAIRWAY_PROPERTY_SEEDS"].flatMap { UInt64($0) }
        return 1...max(1, wanted ?? 12)
    }()
    /// About three frontends fit in one transaction.
    static let smallLimit = 300

    @Test(arguments: seeds, IPFamily.allCases)
    func stepsLeadWhereAFullPlanLeads(_ seed: UInt64, _ family: IPFamily) throws {
        var random = RandomServiceTable(seed: seed)
        var table = random.table()
        var planned = try PlannedTable(table, family: family)
        let broken1 = try violations(planned.fake, of: table, family: family)
        #expect(broken1 == [], "seed \(seed), from nothing")
        for step in 1...6 {
            let next = random.changed(table, oneIn: step % 3 + 1)
            let gone = Set(table.owners(family).keys)
            try planned.apply(next.changes(from: table), limitBytes: step % 2 == 0 ? .max : Self.smallLimit)
            table = next
            let broken2 = try violations(planned.fake, of: table, family: family, also: gone)
            #expect(broken2 == [], "seed \(seed), step \(step)")
            let fresh = try PlannedTable(table, family: family)
            let (stepped, whole) = (TableMeaning(planned.fake), TableMeaning(fresh.fake))
            #expect(stepped == whole, "seed \(seed), step \(step)")
            #expect(stepped.unusedCodes.isEmpty, "seed \(seed), step \(step)")
        }
    }

    @Test(arguments: seeds, IPFamily.allCases)
    func aFullPlanOverWhatIsRightIsEmpty(_ seed: UInt64, _ family: IPFamily) throws {
        var random = RandomServiceTable(seed: seed)
        let table = random.table()
        var planned = try PlannedTable(table, family: family)
        let kernel = planned.fake.kernelTable
        let (plan, planner) = NftablesPlanner.fullPlan(family: NftablesFamily(family), kernel: kernel, table: table)
        #expect(plan.isEmpty, "seed \(seed): \(plan)")
        #expect(plan.transactions(limitBytes: .max).isEmpty)
        // The planner that took over goes on as the first would have.
        planned.planner = planner
        let next = random.changed(table, oneIn: 2)
        try planned.apply(next.changes(from: table))
        let broken3 = try violations(planned.fake, of: next, family: family)
        #expect(broken3 == [], "seed \(seed)")
        #expect(TableMeaning(planned.fake).unusedCodes.isEmpty, "seed \(seed)")
    }

    @Test(arguments: seeds, IPFamily.allCases)
    func aFullPlanOverAnotherTableLeadsToTheWantedOne(_ seed: UInt64, _ family: IPFamily) throws {
        var random = RandomServiceTable(seed: seed)
        let old = random.table()
        let next = random.changed(old, oneIn: 2)
        let wanted = try PlannedTable(next, family: family)
        for limit in [Int.max, Self.smallLimit] {
            let before = try PlannedTable(old, family: family)
            let gone = Set(old.owners(family).keys)
            var planned = try PlannedTable(next, family: family, over: before.fake, limitBytes: limit)
            #expect(TableMeaning(planned.fake) == TableMeaning(wanted.fake), "seed \(seed)")
            #expect(TableMeaning(planned.fake).unusedCodes.isEmpty, "seed \(seed)")
            let broken4 = try violations(planned.fake, of: next, family: family, also: gone)
            #expect(broken4 == [], "seed \(seed)")
            let third = random.changed(next, oneIn: 2)
            try planned.apply(third.changes(from: next))
            let broken5 = try violations(planned.fake, of: third, family: family)
            #expect(broken5 == [], "seed \(seed), a step later")
        }
    }

    @Test(arguments: seeds, IPFamily.allCases)
    func anEmptyChangeSoonIsAnEmptyPlan(_ seed: UInt64, _ family: IPFamily) throws {
        var random = RandomServiceTable(seed: seed)
        var table = random.table()
        var planned = try PlannedTable(table, family: family)
        let nothing = { (table: ServiceTable) in ServiceTableChange(old: table, new: table, changed: []) }
        for _ in 0..<2 { #expect(planned.planner.plan(nothing(table)).isEmpty, "seed \(seed)") }
        // Keys that are named but did not change.
        let same = ServiceTableChange(old: table, new: table, changed: table.values.map(\.key))
        for _ in 0..<2 { #expect(planned.planner.plan(same).isEmpty, "seed \(seed)") }

        let next = random.changed(table, oneIn: 2)
        try planned.apply(next.changes(from: table))
        table = next
        // Chains that fell out of use go one step later; then nothing is left to do.
        try planned.apply(nothing(table))
        for _ in 0..<2 { #expect(planned.planner.plan(nothing(table)).isEmpty, "seed \(seed)") }
        let fresh = try PlannedTable(table, family: family)
        #expect(planned.fake.chainNames == fresh.fake.chainNames, "seed \(seed)")
    }

    @Test(arguments: seeds, IPFamily.allCases)
    func betweenTransactionsEachServicePortIsWhollyOldOrNew(_ seed: UInt64, _ family: IPFamily) throws {
        var random = RandomServiceTable(seed: seed)
        let old = random.table()
        let new = random.changed(old, oneIn: 2)
        var planned = try PlannedTable(old, family: family)
        let plan = planned.planner.plan(new.changes(from: old))
        let (before, after) = (old.owners(family), new.owners(family))
        let keys = Set(old.values.map(\.key)).union(new.values.map(\.key)).filter { $0.family == family }
        for limit in [1, Self.smallLimit, 3 * Self.smallLimit] {
            var fake = planned.fake
            for (index, transaction) in plan.transactions(limitBytes: limit).enumerated() {
                try fake.apply(transaction)
                let tracer = PacketTracer(fake, localAddresses: Set(RandomServiceTable.nodeAddresses))
                for key in keys {
                    let frontends = Set([old[key], new[key]].flatMap { port in
                        port.map { port in port.frontends.map { $0.key(in: key) } } ?? []
                    })
                    let flows = FrontendFlow.all(frontends)
                    let found = try flows.map { try tracer.outcomes($0.packet) }
                    let isOld = agree(found, flows, before)
                    let isNew = agree(found, flows, after)
                    #expect(
                        isOld || isNew, "seed \(seed), transactions of \(limit), after \(index): \(key)")
                }
            }
        }
    }

    @Test(arguments: seeds, IPFamily.allCases)
    func aFullPlanMendsWhatAFailureLeft(_ seed: UInt64, _ family: IPFamily) throws {
        var random = RandomServiceTable(seed: seed)
        let old = random.table()
        let new = random.changed(old, oneIn: 2)
        var planned = try PlannedTable(old, family: family)
        let transactions = planned.planner.plan(new.changes(from: old)).transactions(limitBytes: Self.smallLimit)
        let gone = Set(old.owners(family).keys)
        let wanted = TableMeaning(try PlannedTable(new, family: family).fake)
        var fake = planned.fake
        for failing in 0...transactions.count {
            // The kernel holds what came before the failing one.
            let mended = try PlannedTable(new, family: family, over: fake, limitBytes: Self.smallLimit)
            #expect(TableMeaning(mended.fake) == wanted, "seed \(seed), transaction \(failing) failed")
            let broken6 = try violations(mended.fake, of: new, family: family, also: gone)
            #expect(broken6 == [], "seed \(seed)")
            if failing < transactions.count { try fake.apply(transactions[failing]) }
        }
    }

    @Test(arguments: seeds, IPFamily.allCases)
    func aFullPlanThatFailsIsMendedByTheNext(_ seed: UInt64, _ family: IPFamily) throws {
        var random = RandomServiceTable(seed: seed)
        let old = random.table()
        let new = random.changed(old, oneIn: 2)
        var fake = try PlannedTable(old, family: family).fake
        let (plan, _) = NftablesPlanner.fullPlan(
            family: NftablesFamily(family), kernel: fake.kernelTable, table: new)
        let wanted = TableMeaning(try PlannedTable(new, family: family).fake)
        for transaction in plan.transactions(limitBytes: Self.smallLimit) {
            let mended = try PlannedTable(new, family: family, over: fake)
            #expect(TableMeaning(mended.fake) == wanted, "seed \(seed)")
            try fake.apply(transaction)
        }
        #expect(TableMeaning(fake) == wanted, "seed \(seed)")
    }

    @Test(arguments: seeds) func backendsKeepTheOrderThatTheKernelHolds(_ seed: UInt64) throws {
        var random = RandomServiceTable(seed: seed)
        let table = random.table()
        for family in IPFamily.allCases {
            let kernel = try #require(try PlannedTable(table, family: family).fake.kernelTable)
            let order = kernel.order(family)
            for (frontend, port) in table.owners(family) {
                for (held, wanted) in [(order.cluster, port.clusterBackends), (order.local, port.localBackends)] {
                    guard let backends = held[frontend] else { continue }
                    #expect(backends.map(\.description) == wanted.backends.map(\.description), "seed \(seed)")
                }
            }
        }
    }
}
