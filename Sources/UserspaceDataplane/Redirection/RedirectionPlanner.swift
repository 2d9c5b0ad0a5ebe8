internal import Netlink
internal import NetworkTypes
internal import ServiceTable

/// Decides what the table must hold, and what takes it there from what it holds. Pure values.
struct RedirectionPlanner: Sendable {
    private struct Wanted {
        /// Service ports that want it: those of one Service share its ClusterIP.
        var uses: Int
        var data: [UInt8]
    }

    let layout: RedirectionLayout
    private var wanted: [RedirectionElement: Wanted] = [:]
    /// What the kernel has.
    private var held: [RedirectionElement: [UInt8]] = [:]
    private var touched: Set<RedirectionElement> = []

    private var family: IPFamily { layout.family.ipFamily }

    init(_ layout: RedirectionLayout) { self.layout = layout }

    /// The step from `change.old`, which the kernel holds. O(changed).
    mutating func plan(_ change: ServiceTableChange) -> RedirectionPlan {
        let keys = change.changed.filter { $0.family == family }
        // All that goes before all that comes: a frontend may change hands.
        for key in keys { change.old[key].map { remove($0.redirectionElements.map(\.place)) } }
        for key in keys { change.new[key].map { add($0.redirectionElements) } }
        var plan = RedirectionPlan()
        if change.nodeChanged {
            remove(change.old.node.redirectionElements(family))
            add(change.new.node.redirectionElements(family).map { ($0, []) })
            let before = change.old.node.redirectionRanges(family)
            plan.ranges = change.new.node.redirectionRanges(family).filter { before[$0.key] != $0.value }
            plan.chains = rewritten(
                Self.byChain(layout.rules(change.old.node.localDetector)), layout.rules(change.new.node.localDetector))
        }
        settle(&plan)
        return plan
    }

    /// What takes the kernel from whatever it holds to `table`; the planner goes on from there. O(table).
    ///
    /// - Parameter kernel: nil when there is no table.
    mutating func plan(_ table: ServiceTable, from kernel: RedirectionKernel?) -> RedirectionPlan {
        self = RedirectionPlanner(layout)
        for port in table.values where port.key.family == family { add(port.redirectionElements) }
        add(table.node.redirectionElements(family).map { ($0, []) })
        var plan = RedirectionPlan()
        let ranges = table.node.redirectionRanges(family)
        let rules = layout.rules(table.node.localDetector)
        if let kernel, kernel.hasLayout(layout) {
            plan.chains = rewritten(kernel.rules, rules)
            plan.ranges = ranges.filter { Set(kernel.ranges[$0.key] ?? []) != Set($0.value) }
            held = kernel.elements
            touched.formUnion(held.keys)
        } else {
            plan.replacesTable = true
            plan.chains = Self.byChain(rules)
            plan.ranges = ranges.filter { !$0.value.isEmpty }
        }
        settle(&plan)
        return plan
    }

    private mutating func add(_ elements: [(place: RedirectionElement, data: [UInt8])]) {
        for (place, data) in elements {
            wanted[place] = Wanted(uses: (wanted[place]?.uses ?? 0) + 1, data: data)
            touched.insert(place)
        }
    }

    private mutating func remove(_ places: [RedirectionElement]) {
        for place in places {
            guard var entry = wanted[place] else { continue }
            entry.uses -= 1
            wanted[place] = entry.uses > 0 ? entry : nil
            touched.insert(place)
        }
    }

    private mutating func settle(_ plan: inout RedirectionPlan) {
        for place in touched {
            let (has, wants) = (held[place], wanted[place]?.data)
            guard has != wants else { continue }
            if has != nil { plan.deletions[place.set, default: []].append(place.element([])) }
            if let wants { plan.additions[place.set, default: []].append(place.element(wants)) }
            held[place] = wants
        }
        touched = []
    }

    /// The chains that differ, as they are to be.
    private func rewritten(_ before: [String: [NftablesRule]], _ after: [NftablesRule]) -> [String: [NftablesRule]] {
        let wanted = Self.byChain(after)
        var changed: [String: [NftablesRule]] = [:]
        for chain in layout.chains where before[chain.name] ?? [] != wanted[chain.name] ?? [] {
            changed[chain.name] = wanted[chain.name] ?? []
        }
        return changed
    }

    private static func byChain(_ rules: [NftablesRule]) -> [String: [NftablesRule]] {
        Dictionary(grouping: rules, by: \.chain)
    }
}
