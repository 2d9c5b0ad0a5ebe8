import BPFDataplane
import DataplaneTesting
import NetworkTypes
import ServiceTable
import Testing

/// What a change costs is counted in writes: the same at any number of Services.
@Suite struct PlannerCostTests {
    static func service(_ number: Int, endpoints: [Int], scheduler: Scheduler = .random) -> ServicePort {
        let backends = endpoints.map { endpoint in
            Backend(address: IPAddress(v4: 0x0a80_0000 + UInt32(number * 16 + endpoint)), port: 8080)
        }
        return .named(
            "s\(number)", scheduler: scheduler, cluster: backends,
            frontends: [.clusterIP(IPAddress(v4: 0x0a60_0000 + UInt32(number)).description, 80, GoldenPlanTests.everywhere)])
    }

    static func planned(_ count: Int) -> (ServiceTable, BPFMapPlanner, BPFMapPlan) {
        let table = ServiceTable.of((0..<count).map { service($0, endpoints: [1, 2, 3, 4, 5]) })
        var planner = BPFMapPlanner()
        let plan = planner.plan(table.changes(from: ServiceTable()), family: .ipv4)
        return (table, planner, plan)
    }

    @Test("one change among 10, 1 000 or 10 000 Services is a handful of writes", arguments: [10, 1_000, 10_000])
    func oneChange(_ count: Int) {
        let (table, planner, first) = Self.planned(count)
        // Five backends, loads and slots, a set, a frontend, an address.
        #expect(first.writes.count == 18 * count)
        #expect(first.reclaimed.isEmpty)
        let steps: [(name: String, port: ServicePort, writes: Int, reclaimed: Int)] = [
            ("an endpoint replaced", Self.service(7, endpoints: [1, 2, 9, 4, 5]), 4, 0),
            ("an endpoint more", Self.service(7, endpoints: [1, 2, 3, 4, 5, 6]), 4, 0),
            ("an endpoint less", Self.service(7, endpoints: [1, 2, 5, 4]), 3, 1),
            ("a scheduler", Self.service(7, endpoints: [1, 2, 3, 4, 5], scheduler: .leastConnections), 1, 0),
            ("a Service more", Self.service(count + 1, endpoints: [1, 2, 3, 4, 5]), 18, 0),
        ]
        for step in steps {
            var next = table
            next[step.port.key] = step.port
            var planner = planner
            let plan = planner.plan(
                ServiceTableChange(old: table, new: next, changed: [step.port.key]), family: .ipv4)
            #expect(plan.writes.count == step.writes, "\(step.name)")
            #expect(plan.reclaimed.count == step.reclaimed, "\(step.name)")
        }
        var gone = table
        let key = Self.service(7, endpoints: []).key
        gone[key] = nil
        var deleting = planner
        let plan = deleting.plan(ServiceTableChange(old: table, new: gone, changed: [key]), family: .ipv4)
        #expect(plan.writes.count == 3 + 5 && plan.reclaimed.count == 5)
    }

    @Test("writes to one map follow each other, to be sent in batches")
    func batches() {
        let (_, _, plan) = Self.planned(200)
        var runs: [BPFMapName] = []
        for write in plan.writes where runs.last != write.map { runs.append(write.map) }
        #expect(runs == [.backends, .loads, .slots, .backendSets, .frontends, .clusterIPs])
    }

    @Test("ids are never 0 and not given again soon, across the end of the numbers too")
    func ids() {
        var planner = BPFMapPlanner(idSeed: .max - 2)
        var table = ServiceTable()
        var seen: Set<UInt32> = []
        for round in 0..<10 {
            var next = ServiceTable()
            let port = Self.service(1, endpoints: [round])
            next[port.key] = port
            let plan = planner.plan(next.changes(from: table), family: .ipv4)
            for case .create(.load(let id)) in plan.writes {
                #expect(id != 0)
                let isNew = seen.insert(id).inserted
                #expect(isNew)
            }
            _ = planner.retire(backends: planner.draining.map(\.id))
            table = next
        }
        #expect(seen.count == 10)
        #expect(seen.contains(1))
    }
}
