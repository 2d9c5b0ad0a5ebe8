import BPFDataplane
import DataplaneTesting
import NetworkTypes
import ServiceTable
import Testing

/// A new process over the maps of an earlier one.
@Suite struct MapAdoptionTests {
    typealias Golden = GoldenPlanTests

    /// The maps as a first process left them.
    static func left(_ tables: [ServiceTable]) -> MapsModel {
        var model = MapsModel()
        var planner = BPFMapPlanner()
        var table = ServiceTable()
        for next in tables {
            for family in IPFamily.allCases { model.apply(planner.plan(next.changes(from: table), family: family)) }
            table = next
        }
        return model
    }

    @Test("what an earlier process was draining goes on draining")
    func draining() {
        let first = ServiceTable.of([Golden.web([Golden.a, Golden.b])])
        let second = ServiceTable.of([Golden.web([Golden.a])])
        var model = Self.left([first, second])
        model.state.loads[2] = 4
        var planner = BPFMapPlanner()
        let plan = planner.fullPlan(model.state, table: second, family: .ipv4)
        #expect(plan.text == [])
        #expect(planner.draining.map(\.id) == [2])
        let back = planner.plan(first.changes(from: second), family: .ipv4)
        #expect(back.revived == [2])
    }

    @Test("a Service deleted while nobody looked: its connections drain, what has none goes")
    func deletedMeanwhile() {
        var model = Self.left([ServiceTable.of([Golden.web([Golden.a, Golden.b]), Golden.web([Golden.c], name: "dns", .udp, at: "10.96.0.11")])])
        // Backends by the name of the service port: dns has 1, web 2 and 3.
        model.state.loads = [1: 5, 2: 0, 3: 7]
        var planner = BPFMapPlanner()
        let plan = planner.fullPlan(model.state, table: ServiceTable(), family: .ipv4)
        #expect(
            plan.text == [
                "no cluster ip 10.96.0.10", "no cluster ip 10.96.0.11", "no frontend 10.96.0.10:80/tcp",
                "no frontend 10.96.0.11:80/udp", "no set 1 cluster", "no set 2 cluster",
                "backend 3 = 10.0.0.2:80 weight 0 of service 2 draining", "--", "no slot 1/0", "no slot 2/0", "no slot 2/1",
                "no backend 1", "no backend 2", "no load 1", "no load 2", "no counters 1", "no counters 2", "drained [3]",
            ])
        #expect(planner.draining.map(\.protocol) == [.tcp])
        model.apply(plan)
        // The process after that does not know the protocol any more; nothing is written until it is retired.
        var third = BPFMapPlanner()
        for family in IPFamily.allCases {
            let again = third.fullPlan(model.state, table: ServiceTable(), family: family)
            #expect(again == BPFMapPlan())
        }
        #expect(third.draining.map(\.protocol) == [nil])
        model.apply(third.retire(backends: [3]))
        #expect(model.state == BPFKernelState())
    }

    @Test("a changed weight, a new endpoint, other ids than a first run would give")
    func changedMeanwhile() {
        let model = Self.left([ServiceTable.of([Golden.web([Golden.a, Golden.b])])])
        var planner = BPFMapPlanner(idSeed: 1000)
        let plan = planner.fullPlan(
            model.state, table: ServiceTable.of([Golden.web([Golden.a, Golden.c])]), family: .ipv4)
        #expect(
            plan.text == [
                "backend 1001 = 10.0.0.3:80 weight 1 of service 1 not-local", "new load 1001", "slot 1/1 = 1001",
                "backend 2 = 10.0.0.2:80 weight 0 of service 1 draining", "drained [2]",
            ])
    }

    @Test("strangers go, what is missing comes back")
    func damage() {
        let table = ServiceTable.of([
            Golden.web([Golden.a, Golden.b], affinity: Affinity(scope: .service, timeoutSeconds: 60), scheduler: .roundRobin)
        ])
        let right = Self.left([table])
        let damages: [(String, (inout BPFKernelState) -> Void)] = [
            ("a slot missing", { $0.slots[BPFSlotKey(table: 1, index: 1)] = nil }),
            ("a slot too many", { $0.slots[BPFSlotKey(table: 1, index: 2)] = 1 }),
            ("a slot of no table", { $0.slots[BPFSlotKey(table: 9, index: 0)] = 1 }),
            ("a slot that names a stranger", { $0.slots[BPFSlotKey(table: 1, index: 0)] = 99 }),
            ("a set missing", { $0.sets = [:] }),
            ("a set too long", { $0.sets[BPFSetKey(service: 1, scope: .cluster)]?.slotCount = .max }),
            ("a set of no service", { $0.sets[BPFSetKey(service: 9, scope: .local)] = $0.sets.first?.value }),
            ("a backend missing", { $0.backends[1] = nil }),
            ("a backend changed", { $0.backends[1]?.weight = 9 }),
            ("a backend twice", { $0.backends[77] = $0.backends[1]; $0.loads[77] = 0 }),
            ("a backend of no service", { $0.backends[77] = $0.backends[1]; $0.backends[77]?.service = 9; $0.loads[77] = 0 }),
            ("a load missing", { $0.loads[2] = nil }),
            ("a load of no backend", { $0.loads[99] = 1; $0.counters = [99] }),
            ("a cursor missing", { $0.cursors = [] }),
            ("a cursor of nobody", { $0.cursors.insert(BPFSetKey(service: 9, scope: .cluster)) }),
            ("siblings missing", { $0.siblings = [:] }),
            ("a sibling of nobody", { $0.siblings[BPFSiblingKey(service: 9, address: .text("10.0.0.1"))] = 1 }),
            ("a frontend missing", { $0.frontends = [:] }),
            ("a frontend of nobody", { state in
                for (key, value) in state.frontends {
                    state.frontends[FrontendKey(family: .ipv4, destination: key.destination, protocol: .udp, port: 9)] = value
                }
            }),
            ("ranges of nobody", { state in
                if let prefix = IPPrefix("10.0.0.0/8") {
                    state.sources.insert(BPFSourceKey(sources: 4, prefix: prefix))
                    state.podRanges = [prefix]
                    state.serviceRanges = [prefix]
                }
            }),
            ("addresses of nobody", { $0.clusterIPs = [.text("10.96.0.99")]; $0.nodePortAddresses = [.text("10.0.0.9")] }),
            ("pods told by what nobody asked for", { $0.detect = 3 }),
            ("nothing", { $0 = BPFKernelState() }),
        ]
        for (name, damage) in damages {
            var model = right
            damage(&model.state)
            var planner = BPFMapPlanner()
            for family in IPFamily.allCases { model.apply(planner.fullPlan(model.state, table: table, family: family)) }
            model.apply(planner.retire(backends: planner.draining.map(\.id)))
            #expect(MapsMeaning(model).differences(from: MapsMeaning(right)) == [], "\(name)")
            let missing = model.state.backends.keys.filter { model.state.loads[$0] == nil }
            #expect(missing == [] && model.state.counters.isEmpty, "\(name)")
            for family in IPFamily.allCases {
                var next = BPFMapPlanner()
                let again = next.fullPlan(model.state, table: table, family: family)
                #expect(again == BPFMapPlan(), "\(name), again")
            }
        }
    }

    @Test("what belongs to the other family is left alone")
    func otherFamily() {
        let v6 = ServicePort.named(
            "web", family: .ipv6, cluster: [.at("[fd00::1]:80")], frontends: [.clusterIP("fd00:96::1", 80, Golden.everywhere)])
        let table = ServiceTable.of([Golden.web([Golden.a]), v6])
        let model = Self.left([table])
        var planner = BPFMapPlanner()
        let plan = planner.fullPlan(model.state, table: ServiceTable.of([v6]), family: .ipv6)
        #expect(plan == BPFMapPlan())
        let second = planner.fullPlan(model.state, table: ServiceTable.of([v6]), family: .ipv4)
        #expect(second.text.contains("no frontend 10.96.0.10:80/tcp"))
        #expect(!second.text.contains { $0.contains("fd00") })
    }
}
