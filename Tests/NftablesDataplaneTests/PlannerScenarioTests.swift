import DataplaneTesting
import Netlink
import NetworkTypes
import NftablesDataplane
import ServiceTable
import Testing

/// Steps worth naming: frontends that pass on, node changes, what grows and what does not.
@Suite struct PlannerScenarioTests {
    private static let toCluster = OriginVerdicts(all: .balance(.cluster, masquerade: true))

    private static func service(_ name: String, _ backends: [String], _ frontends: [Frontend]) -> ServicePort {
        .named(name, cluster: backends.map { .at($0) }, frontends: frontends)
    }

    struct Handover: CustomTestStringConvertible, Sendable {
        let name: String
        let old: [ServicePort]
        let new: [ServicePort]
        var testDescription: String { name }
    }

    private static func clusterIP(_ number: Int, _ verdicts: OriginVerdicts = toCluster) -> Frontend {
        .clusterIP("10.96.0.\(number)", 80, verdicts)
    }

    static let handovers: [Handover] = [
        Handover(
            name: "a NodePort passes to another Service",
            old: [
                service("a", ["10.244.0.1:80"], [clusterIP(1), .nodePort(30001, toCluster)]),
                service("b", ["10.244.0.2:80"], [clusterIP(2)]),
            ],
            new: [
                service("a", ["10.244.0.1:80"], [clusterIP(1)]),
                service("b", ["10.244.0.2:80"], [clusterIP(2), .nodePort(30001, toCluster)]),
            ]),
        Handover(
            name: "a ClusterIP passes from a deleted Service to a new one",
            old: [service("z", ["10.244.0.1:80"], [clusterIP(1)])],
            new: [service("a", ["10.244.0.2:80", "10.244.0.3:80"], [clusterIP(1)])]),
        Handover(
            name: "two Services exchange their ClusterIPs",
            old: [service("a", ["10.244.0.1:80"], [clusterIP(1)]), service("b", ["10.244.0.2:80"], [clusterIP(2)])],
            new: [service("a", ["10.244.0.1:80"], [clusterIP(2)]), service("b", ["10.244.0.2:80"], [clusterIP(1)])]),
        Handover(
            name: "three Services pass theirs round",
            old: (1...3).map { service("s\($0)", ["10.244.0.\($0):80"], [clusterIP($0)]) },
            new: (1...3).map { service("s\($0)", ["10.244.0.\($0):80"], [clusterIP($0 % 3 + 1)]) }),
        Handover(
            name: "a frontend passes along a chain of Services, the last one deleted",
            old: [
                service("a", ["10.244.0.1:80"], [clusterIP(1)]), service("b", ["10.244.0.2:80"], [clusterIP(2)]),
                service("c", ["10.244.0.3:80"], [clusterIP(3)]),
            ],
            new: [
                service("a", ["10.244.0.1:80"], [clusterIP(2)]), service("b", ["10.244.0.2:80"], [clusterIP(3)]),
            ]),
        Handover(
            name: "a NodePort passes to a Service without endpoints",
            old: [service("a", ["10.244.0.1:80"], [.nodePort(30001, toCluster)])],
            new: [service("a", ["10.244.0.1:80"], []), service("b", [], [.nodePort(30001, OriginVerdicts(all: .reject))])]),
        Handover(
            name: "a refused NodePort passes to a Service with endpoints",
            old: [service("a", [], [.nodePort(30001, OriginVerdicts(all: .drop))])],
            new: [service("b", ["10.244.0.1:80"], [.nodePort(30001, toCluster)])]),
    ]

    @Test(arguments: handovers) func aFrontendPassesInOneTransaction(_ row: Handover) throws {
        let (old, new) = (ServiceTable.of(row.old, node: RandomServiceTable.node), ServiceTable.of(row.new, node: RandomServiceTable.node))
        let both = Set(old.owners(.ipv4).keys).union(new.owners(.ipv4).keys)
        var planned = try PlannedTable(old, family: .ipv4)
        let transactions = planned.planner.plan(new.changes(from: old)).transactions(limitBytes: 1)
        for transaction in transactions {
            try planned.fake.apply(transaction)
            let tracer = planned.tracer
            let flows = FrontendFlow.all(both)
            let found = try flows.map { try tracer.outcomes($0.packet) }
            let isOld = agree(found, flows, old.owners(.ipv4))
            let isNew = agree(found, flows, new.owners(.ipv4))
            #expect(isOld || isNew)
        }
        let broken1 = try violations(planned.fake, of: new, family: .ipv4, also: both)
        #expect(broken1 == [])
        // And all the way by full plans.
        let full = try PlannedTable(new, family: .ipv4, over: try PlannedTable(old, family: .ipv4).fake)
        let broken2 = try violations(full.fake, of: new, family: .ipv4, also: both)
        #expect(broken2 == [])
    }

    private static func uniform(_ count: Int, backends: Int) -> ServiceTable {
        .of(
            (0..<count).map { number in
                service(
                    "s\(number)", (0..<backends).map { "10.244.\(number / 200).\(number % 200 + $0 + 1):80" },
                    [.clusterIP("10.96.\(number / 200).\(number % 200 + 1)", 80, toCluster)])
            }, node: RandomServiceTable.node)
    }

    @Test func chainsAndRulesDoNotGrowWithServices() throws {
        let few = try PlannedTable(Self.uniform(10, backends: 3), family: .ipv4).fake
        let many = try PlannedTable(Self.uniform(1000, backends: 3), family: .ipv4).fake
        #expect(few.chainCount == many.chainCount)
        #expect(few.ruleCount == many.ruleCount)
        for set in [TableSet.fromPod, .fromNode, .fromOutside, .masqueradeFromPod] {
            #expect(few.elements(of: set) == many.elements(of: set))
        }
    }

    @Test func oneEndpointReplacedIsOneElementDeletedAndOneAdded() throws {
        let old = Self.uniform(50, backends: 5)
        var planned = try PlannedTable(old, family: .ipv4)
        var new = old
        let port = try #require(old.values.first { _ in true })
        let wanted = [Backend.at("10.250.0.1:80")] + port.clusterBackends.backends.dropFirst(2)
            + [port.clusterBackends.backends[0]]
        let changed = ServicePort(
            key: port.key, clusterBackends: port.clusterBackends.updated(to: wanted), frontends: port.frontends)
        new[port.key] = changed
        let plan = planned.planner.plan(new.changes(from: old))
        #expect(plan.prologue.isEmpty && plan.epilogue.isEmpty && plan.removals.isEmpty)
        #expect(plan.groups.map { [$0.deletions.count, $0.additions.count] } == [[1, 1]])
    }

    struct NodeStep: CustomTestStringConvertible, Sendable {
        let name: String
        var old = RandomServiceTable.node
        let change: @Sendable (inout NodeTable) -> Void
        var testDescription: String { name }
    }

    static let nodeSteps: [NodeStep] = [
        NodeStep(name: "an address more") { $0.nodePortAddresses += RandomServiceTable.otherNodeAddresses },
        NodeStep(name: "no address") { $0.nodePortAddresses = [] },
        NodeStep(name: "another address") { $0.nodePortAddresses = RandomServiceTable.otherNodeAddresses },
        NodeStep(name: "other prefixes") { $0.localDetector = .sourcePrefixes([IPPrefix(.text("10.245.0.0"))]) },
        NodeStep(name: "no detector") { $0.localDetector = .none },
        NodeStep(name: "an interface") { $0.localDetector = .interface("cni0") },
        NodeStep(name: "from none to an interface prefix", old: NodeTable()) { $0.localDetector = .interfacePrefix("veth") },
        NodeStep(name: "another Service range, which this dataplane does not use") {
            $0.serviceRanges = [IPPrefix(.text("10.97.0.0"))]
        },
    ]

    @Test(arguments: nodeSteps, IPFamily.allCases)
    func theNodeChangesUnderTheSameServices(_ step: NodeStep, _ family: IPFamily) throws {
        var random = RandomServiceTable(seed: 7)
        let old = random.table(node: step.old)
        var new = old
        step.change(&new.node)
        var planned = try PlannedTable(old, family: family)
        try planned.apply(new.changes(from: old))
        let fresh = try PlannedTable(new, family: family)
        #expect(TableMeaning(planned.fake) == TableMeaning(fresh.fake))
        #expect(planned.fake.kernelTable?.rules == fresh.fake.kernelTable?.rules)
        let full = try PlannedTable(new, family: family, over: try PlannedTable(old, family: family).fake)
        #expect(TableMeaning(full.fake) == TableMeaning(fresh.fake))
        #expect(full.fake.kernelTable?.rules == fresh.fake.kernelTable?.rules)
    }

    @Test func aTableOfAnotherLayoutIsReplaced() throws {
        let table = Self.uniform(3, backends: 2)
        var foreign = FakeNftables(family: .ip)
        try foreign.apply([
            .addTable, .addSet(NftablesSet("service-ips", key: [.destinationAddress(.ip)])), .addChain(NftablesChain("old")),
        ])
        let replaced = try PlannedTable(table, family: .ipv4, over: foreign)
        #expect(replaced.fake.text == (try PlannedTable(table, family: .ipv4).fake.text))
    }

    struct Damage: CustomTestStringConvertible, Sendable {
        let name: String
        let operations: [NftablesOperation]
        var testDescription: String { name }
    }

    static let damages: [Damage] = [
        Damage(name: "a rule more in a constant chain", operations: [.addRule(NftablesRule(chain: "services", [.verdict(.drop)]))]),
        Damage(name: "a constant chain emptied", operations: [.flushChain("nat-prerouting")]),
        Damage(name: "a balancing chain emptied", operations: [.flushChain("balance-2")]),
        Damage(name: "a set emptied", operations: [.flushSet(.clusterEndpoints)]),
        Damage(name: "frontends gone", operations: [.flushSet(.serviceAddresses)]),
        Damage(name: "NodePort addresses gone", operations: [.flushSet(.nodePortAddresses)]),
        Damage(name: "pod prefixes gone", operations: [.flushSet(.podPrefixes)]),
        Damage(name: "dispatch of pods gone", operations: [.flushSet(.fromPod)]),
        Damage(name: "masquerading of others gone", operations: [.flushSet(.masqueradeFromOutside)]),
        Damage(name: "all of dispatch and masquerading gone", operations: [
            .flushSet(.fromPod), .flushSet(.fromNode), .flushSet(.fromOutside), .flushSet(.masqueradeFromPod),
            .flushSet(.masqueradeFromNode), .flushSet(.masqueradeFromOutside),
        ]),
        Damage(name: "masquerading of a code that nothing has", operations: [
            .addElements(.masqueradeFromPod, [NftablesElement(key: [9, 0, 0, 0])])
        ]),
        Damage(name: "a second code of the same treatment", operations: [
            .addElements(.fromPod, [FakeNftablesTests.verdict("balance-2", code: [9, 0, 0, 0])]),
            .addElements(.fromNode, [FakeNftablesTests.verdict("balance-2", code: [9, 0, 0, 0])]),
            .addElements(.fromOutside, [FakeNftablesTests.verdict("balance-2", code: [9, 0, 0, 0])]),
            .addElements(.masqueradeFromPod, [NftablesElement(key: [9, 0, 0, 0])]),
            .addElements(.masqueradeFromNode, [NftablesElement(key: [9, 0, 0, 0])]),
            .addElements(.masqueradeFromOutside, [NftablesElement(key: [9, 0, 0, 0])]),
        ]),
        Damage(name: "a verdict that is no balancing chain", operations: [
            .addElements(.fromPod, [FakeNftablesTests.verdict("reject-chain", code: [9, 0, 0, 0])])
        ]),
        Damage(name: "strange hairpins", operations: [
            .addElements(.hairpinEndpoints, [NftablesElement(key: [1, 2, 3, 4, 1, 2, 3, 4])])
        ]),
    ]

    @Test(arguments: damages) func aFullPlanMendsWhatOthersDid(_ damage: Damage) throws {
        let table = Self.uniform(4, backends: 2)
        var planned = try PlannedTable(table, family: .ipv4)
        let wanted = planned.fake
        try planned.fake.apply(damage.operations)
        for limit in [Int.max, 100] {
            let mended = try PlannedTable(table, family: .ipv4, over: planned.fake, limitBytes: limit)
            let broken3 = try violations(mended.fake, of: table, family: .ipv4)
            #expect(broken3 == [])
            #expect(TableMeaning(mended.fake) == TableMeaning(wanted))
            #expect(TableMeaning(mended.fake).unusedCodes.isEmpty)
            #expect(mended.fake.kernelTable?.rules == wanted.kernelTable?.rules)
        }
    }
}
