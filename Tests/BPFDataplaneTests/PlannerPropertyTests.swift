import BPFDataplane
import DataplaneTesting
import FoundationEssentials
import NetworkTypes
import RandomTesting
import ServiceTable
import Testing

/// What holds for every table and every step. A failure names its seed.
@Suite struct BPFPlannerPropertyTests {
    /// `FAIRWAY_PROPERTY_SEEDS` seeds are tried, from 1 on.
    static let seeds: ClosedRange<UInt64> = {
        let wanted = ProcessInfo.processInfo.environment["FAIRWAY_PROPERTY_SEEDS"].flatMap { UInt64($0) }
        return 1...max(1, wanted ?? 4)
    }()

    /// Random tables with what `RandomServiceTable` leaves out: endpoints that linger, a node that changes.
    struct Steps {
        var random: RandomServiceTable
        init(seed: UInt64) { random = RandomServiceTable(seed: seed) }

        mutating func first() -> ServiceTable { random.table(node: node()) }

        mutating func next(_ old: ServiceTable, oneIn n: Int) -> ServiceTable {
            var table = random.changed(old, oneIn: n)
            for key in old.values.map(\.key).sorted() {
                guard let before = old[key], let port = table[key], port != before else { continue }
                let gone = before.clusterBackends.backends.filter { backend in
                    !(port.clusterBackends.backends + port.localBackends.backends).contains { $0.isSamePlace(as: backend) }
                }
                table[key] = ServicePort(
                    key: key, affinity: port.affinity, scheduler: port.scheduler, clusterBackends: port.clusterBackends,
                    localBackends: port.localBackends, frontends: port.frontends,
                    lingering: gone.filter { _ in random.random.oneIn(2) })
            }
            if random.random.oneIn(3) { table.node = node() }
            return table
        }

        private mutating func node() -> NodeTable {
            var node = RandomServiceTable.node
            node.serviceRanges = ["10.96.0.0/16", "fd00:96::/64"].compactMap { IPPrefix($0) }.filter { _ in !random.random.oneIn(3) }
            if random.random.oneIn(3) { node.nodePortAddresses = Array(node.nodePortAddresses.prefix(1)) }
            let prefixes = ["10.244.0.0/16", "fd00:244::/64"].compactMap { IPPrefix($0) }
            switch Int.random(in: 0..<4, using: &random.random) {
            case 0: node.localDetector = .none
            case 1: node.localDetector = .interface("br0")
            case 2: node.localDetector = .sourcePrefixes([prefixes[0]])
            default: node.localDetector = .sourcePrefixes(prefixes)
            }
            return node
        }
    }

    /// From nothing, by both families.
    static func fresh(_ table: ServiceTable) -> MapsModel {
        var model = MapsModel()
        var planner = BPFMapPlanner()
        for family in IPFamily.allCases { model.apply(planner.fullPlan(model.state, table: table, family: family)) }
        return model
    }

    /// What is wrong with the maps as a table has them, a line each.
    static func violations(_ model: MapsModel, _ table: ServiceTable, _ keys: Set<FrontendKey>, _ family: IPFamily) -> [String] {
        let answers = TableAnswers(table)
        return ModelFlow.all(answers.keys.union(keys).filter { $0.family == family }).compactMap { flow in
            let (found, wanted) = (model.answer(flow), answers.answer(flow))
            return found == wanted ? nil : "\(flow): \(found), wanted \(wanted)"
        }
    }

    /// Makes the writes one by one; after each every frontend gives the old answer or the new one.
    static func walk(
        _ model: inout MapsModel, _ plan: BPFMapPlan, from old: ServiceTable, to new: ServiceTable, _ family: IPFamily,
        isRestart: Bool = false
    ) -> [String] {
        let (before, after) = (TableAnswers(old), TableAnswers(new))
        let flows = ModelFlow.all(before.keys.union(after.keys).filter { $0.family == family })
        let expected = flows.map { (before.answer($0), after.answer($0)) }
        // What a program that is on its way may have read.
        var setsSeen: [BPFSetKey: Set<BPFBackendSet>] = model.state.sets.mapValues { [$0] }
        func check(_ write: BPFMapWrite) -> [String] {
            zip(flows, expected).compactMap { flow, answers in
                let found = model.answer(flow)
                if found == answers.0 || found == answers.1 || isMixture(found, flow, before, after, isRestart: isRestart) { return nil }
                return "after \(write.text): \(flow): \(found), neither \(answers.0) nor \(answers.1)"
            }
        }
        // The hundreds of slots of a Maglev table are alike: a few of them are looked at.
        func isSample(_ write: BPFMapWrite, _ index: Int) -> Bool { write.map != .slots || index < 40 || index % 61 == 0 }
        for (index, write) in plan.writes.enumerated() {
            model.apply(write)
            if case .set(.backendSet(let key, let set)) = write { setsSeen[key, default: []].insert(set) }
            let broken = isSample(write, index) ? check(write) : []
            if !broken.isEmpty { return broken }
        }
        if let detect = plan.detect { model.state.detect = detect }
        for (key, sets) in setsSeen {
            for set in sets {
                for index in 0..<set.slotCount {
                    let id = model.state.slots[BPFSlotKey(table: set.table, index: index)]
                    if id.flatMap({ model.state.backends[$0] }) == nil { return ["before the grace: \(key) slot \(index) leads nowhere"] }
                }
            }
        }
        for (index, write) in plan.reclaimed.enumerated() {
            model.apply(write)
            let broken = isSample(write, index) ? check(write) : []
            if !broken.isEmpty { return broken }
        }
        return []
    }

    /// Where a set and its frontends both change, or a frontend goes from one service port to another: any backend of the
    /// sets that lead there, before or after, masqueraded as before or after.
    static func isMixture(
        _ found: ModelAnswer, _ flow: ModelFlow, _ before: TableAnswers, _ after: TableAnswers, isRestart: Bool
    ) -> Bool {
        guard case .delivered(let places, let masqueraded) = found else { return false }
        var allowed: Set<String> = []
        var ways: Set<Bool> = []
        for (answers, other) in [(before, after), (after, before)] {
            guard case .delivered(let own, let masquerade) = answers.answer(flow), let port = answers.owner(flow.key),
                let scope = answers.scope(flow)
            else { continue }
            ways.insert(masquerade)
            allowed.formUnion(own)
            allowed.formUnion(TableAnswers.places(other.table[port.key], scope))
        }
        // A new process takes a frontend that is nobody's any more for one of the service port that has the others.
        if after.owner(flow.key) == nil, isRestart {
            for port in after.table.values { allowed.formUnion(TableAnswers.places(port, .cluster).union(TableAnswers.places(port, .local))) }
        }
        return !places.isEmpty && places.isSubset(of: allowed) && ways.contains(masqueraded)
    }

    @Test("each write leaves every frontend its old answer or its new one, and steps lead where a full plan leads", arguments: seeds)
    func steps(_ seed: UInt64) {
        var steps = Steps(seed: seed)
        var table = ServiceTable()
        var model = MapsModel()
        var planner = BPFMapPlanner()
        for step in 0...8 {
            let next = step == 0 ? steps.first() : steps.next(table, oneIn: step % 3 + 1)
            let change = next.changes(from: table)
            for family in IPFamily.allCases {
                let plan = planner.plan(change, family: family)
                let broken = Self.walk(&model, plan, from: table, to: next, family)
                #expect(broken == [], "seed \(seed), step \(step), \(family)")
                let wrong = Self.violations(model, next, TableAnswers(table).keys, family)
                #expect(wrong == [], "seed \(seed), step \(step), \(family)")
                if !broken.isEmpty || !wrong.isEmpty { return }
            }
            table = next
            // What drains is what is marked so.
            let marked = model.state.backends.filter { $0.value.flags.contains(.draining) }.keys.sorted()
            #expect(planner.draining.map(\.id) == marked, "seed \(seed), step \(step)")
            guard step % 3 == 2 else { continue }
            var rested = planner
            var quiet = model
            quiet.apply(rested.retire(backends: rested.draining.map(\.id)))
            let (stepped, whole) = (MapsMeaning(quiet), MapsMeaning(Self.fresh(table)))
            #expect(stepped.differences(from: whole) == [], "seed \(seed), step \(step)")
        }
    }

    @Test("a restart over an unchanged table writes nothing, whatever is draining", arguments: seeds)
    func restart(_ seed: UInt64) {
        var steps = Steps(seed: seed)
        let first = steps.first()
        var model = Self.fresh(first)
        var planner = BPFMapPlanner()
        for family in IPFamily.allCases { _ = planner.fullPlan(model.state, table: first, family: family) }
        let table = steps.next(first, oneIn: 2)
        for family in IPFamily.allCases { model.apply(planner.plan(table.changes(from: first), family: family)) }
        // Service ports that are gone are not known to a new process: what they had drains while it is used.
        for id in planner.draining.map(\.id) { model.state.loads[id] = 3 }
        for seedOfIDs: UInt32 in [0, 7_000_000] {
            var restarted = BPFMapPlanner(idSeed: seedOfIDs)
            for family in IPFamily.allCases {
                let plan = restarted.fullPlan(model.state, table: table, family: family)
                #expect(plan.text == [], "seed \(seed), \(family)")
            }
            #expect(restarted.draining.map(\.id) == planner.draining.map(\.id), "seed \(seed)")
            // It goes on from there.
            var going = model
            let next = steps.next(table, oneIn: 2)
            for family in IPFamily.allCases {
                let broken = Self.walk(&going, restarted.plan(next.changes(from: table), family: family), from: table, to: next, family)
                #expect(broken == [], "seed \(seed), \(family)")
                let wrong = Self.violations(going, next, TableAnswers(table).keys, family)
                #expect(wrong == [], "seed \(seed), \(family)")
            }
            going.apply(restarted.retire(backends: restarted.draining.map(\.id)))
            #expect(MapsMeaning(going).differences(from: MapsMeaning(Self.fresh(next))) == [], "seed \(seed)")
        }
    }

    @Test("a restart over another table leads to it, with no hole on the way", arguments: seeds)
    func restartOverAnother(_ seed: UInt64) {
        var steps = Steps(seed: seed)
        let old = steps.first()
        let new = steps.next(old, oneIn: 2)
        var model = Self.fresh(old)
        for id in model.state.backends.keys where id % 3 == 0 { model.state.loads[id] = 1 }
        var planner = BPFMapPlanner()
        for family in IPFamily.allCases {
            let plan = planner.fullPlan(model.state, table: new, family: family)
            let broken = Self.walk(&model, plan, from: old, to: new, family, isRestart: true)
            #expect(broken == [], "seed \(seed), \(family)")
            let wrong = Self.violations(model, new, TableAnswers(old).keys, family)
            #expect(wrong == [], "seed \(seed), \(family)")
        }
        model.apply(planner.retire(backends: planner.draining.map(\.id)))
        #expect(MapsMeaning(model).differences(from: MapsMeaning(Self.fresh(new))) == [], "seed \(seed)")
    }

    @Test("a plan that failed at any write is mended by a full one", arguments: seeds)
    func failure(_ seed: UInt64) {
        var steps = Steps(seed: seed)
        let old = steps.first()
        let new = steps.next(old, oneIn: 2)
        var model = MapsModel()
        var planner = BPFMapPlanner()
        for family in IPFamily.allCases { model.apply(planner.plan(old.changes(from: ServiceTable()), family: family)) }
        let wanted = MapsMeaning(Self.fresh(new))
        for family in IPFamily.allCases {
            var failing = planner
            let plan = failing.plan(new.changes(from: old), family: family)
            let writes = plan.writes + plan.reclaimed
            for count in stride(from: 0, through: writes.count, by: max(1, writes.count / 6)) {
                var broken = model
                for write in writes.prefix(count) { broken.apply(write) }
                for other in IPFamily.allCases { broken.apply(failing.fullPlan(broken.state, table: new, family: other)) }
                broken.apply(failing.retire(backends: failing.draining.map(\.id)))
                #expect(MapsMeaning(broken).differences(from: wanted) == [], "seed \(seed), \(family), failed after \(count)")
            }
        }
    }

    @Test("keys that are named but did not change cost nothing", arguments: seeds)
    func nothing(_ seed: UInt64) {
        var steps = Steps(seed: seed)
        let table = steps.first()
        var planner = BPFMapPlanner()
        for family in IPFamily.allCases { _ = planner.plan(table.changes(from: ServiceTable()), family: family) }
        let same = ServiceTableChange(old: table, new: table, changed: table.values.map(\.key))
        for family in IPFamily.allCases { #expect(planner.plan(same, family: family) == BPFMapPlan(), "seed \(seed)") }
    }

    @Test("backends keep the order that the maps hold, but for Maglev", arguments: seeds)
    func order(_ seed: UInt64) {
        var steps = Steps(seed: seed)
        let table = steps.first()
        let state = Self.fresh(table).state
        for family in IPFamily.allCases {
            let order = state.order(family)
            for port in table.values where port.key.family == family {
                for frontend in port.frontends.map({ $0.key(in: port.key) }) {
                    for (held, wanted) in [(order.cluster, port.clusterBackends), (order.local, port.localBackends)] {
                        guard let backends = held[frontend] else { continue }
                        if port.scheduler == .maglev {
                            #expect(Set(backends.map(\.description)) == Set(wanted.backends.map(\.description)), "seed \(seed)")
                        } else {
                            #expect(backends.map(\.description) == wanted.backends.map(\.description), "seed \(seed)")
                        }
                    }
                }
            }
        }
    }
}
