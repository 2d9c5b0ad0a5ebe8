import ConformanceTesting
import NetworkTypes
import Testing

/// The contract against the rules that are planned for nf_tables, traced in memory.
@Suite struct TracerTests {
    /// What planner and tracer know today.
    static let features = Set(DataplaneFeature.allCases)

    @Test("The planned rules do what the contract demands", arguments: ConformanceSuite.cases(for: features))
    func planned(_ row: ConformanceCase) throws {
        for family in row.families {
            var cluster = ConformanceCluster(row.options)
            var planned = PlannedCase(family)
            var memories = StickyMemories()
            var violations: [String] = []
            for step in row.steps {
                try planned.take(step, of: &cluster)
                violations += planned.violations(step, &memories)
                violations += memories.violations(independent: step.independent)
            }
            #expect(violations == [])
        }
    }
}
