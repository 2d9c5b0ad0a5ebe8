import DataplaneTesting
import NetworkTypes
import NftablesDataplane
import ServiceTable
import Testing

/// Packets that are on their way through the table while it is changed.
@Suite struct CommitUnderWayTests {
    private static let toCluster = OriginVerdicts(all: .balance(.cluster, masquerade: false))

    private static func table(
        _ backends: ClosedRange<Int>, affinity: Affinity? = nil, scheduler: Scheduler = .random
    ) -> ServiceTable {
        .of(
            [
                .named(
                    "web", affinity: affinity, scheduler: scheduler, cluster: backends.map { .at("10.244.0.\($0):80") },
                    frontends: [.clusterIP("10.96.0.1", 80, toCluster), .nodePort(30001, toCluster)])
            ], node: RandomServiceTable.node)
    }

    struct Step: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let old: ServiceTable
        let new: ServiceTable
    }

    static let steps: [Step] = [
        Step(testDescription: "one endpoint more", old: table(1...3), new: table(1...4)),
        Step(testDescription: "one endpoint fewer", old: table(1...4), new: table(1...3)),
        Step(testDescription: "the first endpoint goes", old: table(1...4), new: table(2...4)),
        Step(testDescription: "all are replaced by fewer", old: table(1...4), new: table(5...6)),
        Step(testDescription: "one is left", old: table(1...2), new: table(2...2)),
        Step(
            testDescription: "another scheduler", old: table(1...3), new: table(1...2, scheduler: .sourceHash)),
        Step(
            testDescription: "clients are remembered", old: table(1...3),
            new: table(1...3, affinity: Affinity(timeoutSeconds: 60))),
        Step(
            testDescription: "fewer, and clients are remembered", old: table(1...3, affinity: Affinity(timeoutSeconds: 60)),
            new: table(1...2, affinity: Affinity(timeoutSeconds: 60))),
    ]

    /// Where packets go that ought to go to an endpoint before and after: to one of the Service's meanwhile too.
    private static func strays(
        _ transactions: [[NftablesOperation]], _ fake: FakeNftables, from old: ServiceTable, to new: ServiceTable,
        family: IPFamily
    ) throws -> [String] {
        var fake = fake
        let local = Set(RandomServiceTable.nodeAddresses + RandomServiceTable.otherNodeAddresses)
        let (before, after) = (old.owners(family), new.owners(family))
        let flows = FrontendFlow.all(Set(before.keys).intersection(after.keys)).filter { flow in
            flow.expected(before).union(flow.expected(after)).allSatisfy { place($0) != nil }
        }
        var strays: [String] = []
        for (index, transaction) in transactions.enumerated() {
            let tracer = PacketTracer(fake, localAddresses: local, checksPriority: false)
            try fake.apply(transaction)
            let later = PacketTracer(fake, localAddresses: local, checksPriority: false)
            for flow in flows {
                // Who went by the old scope may find what is new in it.
                let ports = [before[flow.frontend], after[flow.frontend]].compactMap { $0 }
                let backends = ports.flatMap { $0.clusterBackends.backends + $0.localBackends.backends }
                let expected = Set(backends.map { place(.delivered(to: $0.address, $0.port, masqueraded: false)) })
                let found = try tracer.outcomes(flow.packet, committing: later)
                if !expected.isSuperset(of: found.map(place)) {
                    strays.append("transaction \(index), \(flow): \(found)")
                }
            }
        }
        return strays
    }

    private static func place(_ outcome: TraceOutcome) -> String? {
        if case .delivered(let address, let port, _) = outcome { "\(address) \(port)" } else { nil }
    }

    @Test(arguments: steps) func aPacketOnItsWayFindsAnEndpoint(_ step: Step) throws {
        var planned = try PlannedTable(step.old, family: .ipv4)
        let plan = planned.planner.plan(step.new.changes(from: step.old))
        let strays = try Self.strays(
            plan.transactions(limitBytes: .max), planned.fake, from: step.old, to: step.new, family: .ipv4)
        #expect(strays == [])
        // In one transaction, what the order of these is for is seen.
        let atOnce = try Self.strays(
            [Array(plan.transactions(limitBytes: .max).joined())], planned.fake, from: step.old, to: step.new,
            family: .ipv4)
        #expect(!atOnce.isEmpty)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64], IPFamily.allCases)
    func randomStepsLoseNoPacketOnItsWay(_ seed: UInt64, _ family: IPFamily) throws {
        var random = RandomServiceTable(seed: seed)
        let old = random.table()
        let new = random.changed(old, oneIn: 2)
        var planned = try PlannedTable(old, family: family)
        let plan = planned.planner.plan(new.changes(from: old))
        for limit in [Int.max, 4096] {
            let strays = try Self.strays(
                plan.transactions(limitBytes: limit), planned.fake, from: old, to: new, family: family)
            #expect(strays == [], "seed \(seed), transactions of \(limit)")
        }
    }
}
