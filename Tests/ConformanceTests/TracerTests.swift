import ConformanceTesting
import DataplaneTesting
import Netlink
import NetworkTypes
import NftablesDataplane
import ServiceTable
import Testing

/// The contract against the rules that are planned for nf_tables, traced in memory.
@Suite struct TracerTests {
    /// What planner and tracer know today.
    static let features: Set<DataplaneFeature> = []

    @Test("The planned rules do what the contract demands", arguments: ConformanceSuite.cases(for: features))
    func planned(_ row: ConformanceCase) throws {
        var cluster = ConformanceCluster(row.options)
        var fakes: [IPFamily: (NftablesPlanner, FakeNftables)] = [:]
        var violations: [String] = []
        for step in row.steps {
            let change = cluster.apply(step.events)
            for family in IPFamily.allCases {
                let nftables = NftablesFamily(family)
                if var (planner, fake) = fakes[family] {
                    try fake.apply(planner.plan(change))
                    fakes[family] = (planner, fake)
                } else {
                    var fake = FakeNftables(family: nftables)
                    let (plan, planner) = NftablesPlanner.fullPlan(family: nftables, kernel: nil, table: cluster.table)
                    try fake.apply(plan)
                    fakes[family] = (planner, fake)
                }
                guard let fake = fakes[family]?.1 else { continue }
                let flows = step.flows.filter { $0.family == family }
                violations += FlowTracer(fake).violations(flows).map { "\(step.name): \($0)" }
            }
        }
        #expect(violations == [])
    }
}
