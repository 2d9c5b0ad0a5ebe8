import ConformanceTesting
import DataplaneTesting
import Netlink
import NetworkTypes
import NftablesDataplane
import Testing

/// The suite itself: whatever is broken in the rules, some row notices.
@Suite struct FaultTests {
    /// A table as planned, and flows that it serves as they should be.
    struct Scenario: Sendable {
        let table: KernelTable
        let flows: [ConformanceFlow]

        func notices(_ fault: Fault, _ family: IPFamily) -> Bool {
            guard let faulty = fault.made(in: table) else { return false }
            var tracer = FlowTracer(FakeNftables(family: NftablesFamily(family), kernel: faulty))
            var memories = StickyMemories()
            return !tracer.violations(flows, &memories).isEmpty
        }
    }

    /// One row of nine, all that stand on features, and those of the protocol that is rare.
    private static func rows(_ family: IPFamily) -> [ConformanceCase] {
        ConformanceSuite.cases(for: TracerTests.features).enumerated()
            .filter { $0.offset % 9 == 0 || !$0.element.needs.isEmpty || $0.element.transports.contains(.sctp) }
            .map(\.element).filter { $0.families.contains(family) }
    }

    /// The first step of each row; of rows with affinity every step, over what the ones before remembered.
    private static func scenarios(_ family: IPFamily) -> [Scenario] {
        var scenarios: [Scenario] = []
        for row in rows(family) {
            var cluster = ConformanceCluster(row.options)
            var planned = PlannedCase(family)
            var memories = StickyMemories()
            for step in row.needs.contains(.affinity) ? row.steps[...] : row.steps.prefix(1) {
                do { try planned.take(step, of: &cluster) } catch { break }
                let flows = step.flows.filter { $0.family == family }
                if let table = planned.tracer.fake.kernelTable { scenarios.append(Scenario(table: table, flows: flows)) }
                _ = planned.violations(step, &memories)
            }
        }
        for (table, flows) in OriginTables.all(family) {
            let (plan, _) = NftablesPlanner.fullPlan(family: NftablesFamily(family), kernel: nil, table: table)
            var fake = FakeNftables(family: NftablesFamily(family))
            do { try fake.apply(plan) } catch { continue }
            if let table = fake.kernelTable { scenarios.append(Scenario(table: table, flows: flows)) }
        }
        return scenarios
    }

    @Test("Tables that treat each origin in its own way are served so", arguments: IPFamily.allCases)
    func everyOriginByItself(_ family: IPFamily) throws {
        for (table, flows) in OriginTables.all(family) {
            let (plan, _) = NftablesPlanner.fullPlan(family: NftablesFamily(family), kernel: nil, table: table)
            var tracer = FlowTracer(FakeNftables(family: NftablesFamily(family)))
            try tracer.fake.apply(plan)
            var memories = StickyMemories()
            #expect(tracer.violations(flows, &memories) == [])
        }
    }

    @Test("Every fault in rules and sets is noticed by some row", arguments: IPFamily.allCases)
    func everyFaultIsNoticed(_ family: IPFamily) {
        // The rows that noticed the last fault come first: neighbours are noticed by the same.
        var scenarios = Self.scenarios(family)
        var balanceChains: [String: Int] = [:]
        for scenario in scenarios {
            for (chain, rules) in scenario.table.rules where Fault.kind(chain) != chain {
                balanceChains[Fault.kind(chain)] = max(balanceChains[Fault.kind(chain)] ?? 0, rules.count)
            }
        }
        let faults = Fault.all(family, balanceChains: balanceChains)
        #expect(faults.count > 100)
        var missed: [String] = []
        for fault in faults {
            guard let index = scenarios.firstIndex(where: { $0.notices(fault, family) }) else {
                missed.append(fault.description)
                continue
            }
            scenarios.insert(scenarios.remove(at: index), at: 0)
        }
        #expect(missed == [])
    }
}
