internal import Dataplane
package import Netlink
internal import NetworkTypes
package import ServiceTable

extension NftablesPlanner {
    /// Elements in one group of removals of a full plan; they do not depend on each other.
    private static let removalGroupSize = 1024

    /// What takes the kernel from what it holds to `table`, and a planner that goes on from there.
    ///
    /// A table of another layout is replaced whole. One of this layout keeps its codes and every
    /// element that is right: an unchanged cluster gives an empty plan. O(table).
    ///
    /// - Parameter affinitySeed: where the ids of remembered endpoints begin (`AffinityTable`).
    package static func fullPlan(
        family: NftablesFamily, kernel: KernelTable?, table: ServiceTable, affinitySeed: UInt32 = 0
    ) -> (plan: NftablesPlan, planner: NftablesPlanner) {
        var planner = NftablesPlanner(family: family, affinitySeed: affinitySeed)
        guard let kernel, kernel.hasLayout(planner.layout) else {
            var plan = planner.creation(replacing: kernel != nil, node: table.node)
            let contents = planner.plan(table.changes(from: ServiceTable(node: NodeTable()), family: family.ipFamily))
            plan.prologue += contents.prologue
            plan.groups = contents.groups
            plan.epilogue = contents.epilogue
            return (plan, planner)
        }
        planner.treatments = TreatmentTable(
            adopted: kernel.treatments, reserved: kernel.codes, chains: kernel.balanceChains)
        planner.sources = CodeTable(adopted: kernel.sources(family.ipFamily), reserved: kernel.sourceCodes)
        planner.affinity = AffinityTable(
            adopted: kernel.affinityEndpoints(family.ipFamily),
            ports: table.values.lazy.filter { $0.affinity != nil && $0.key.family == family.ipFamily },
            seed: affinitySeed)
        planner.hairpins.adopt(kernel.addresses(in: .hairpinEndpoints, family.ipFamily))
        planner.clusterIPs.adopt(kernel.addresses(in: .clusterIPs, family.ipFamily))
        let strangers = planner.strangers(kernel)

        // As if from nothing, but on the same node; then without what is there already.
        var plan = planner.plan(
            ServiceTable(servicePorts: table.servicePorts, node: table.node).changes(
                from: ServiceTable(node: table.node), family: family.ipFamily))
        planner.affinity.finishAdoption()
        var held = Held(kernel)
        plan.prologue = planner.repair(kernel, node: table.node) + plan.prologue
        plan.epilogue += strangers
        plan.groups = plan.groups.map { held.difference($0) }.filter { !$0.isEmpty }
        plan.removals = held.leftovers(groupSize: removalGroupSize)
        plan.afterwards = plan.removals.indices.map { plan.removals[$0].takeEndpointDeletions() }.filter { !$0.isEmpty }
        plan.removals.removeAll(where: \.isEmpty)
        return (plan, planner)
    }

    /// The constant part of a new table.
    private func creation(replacing: Bool, node: NodeTable) -> NftablesPlan {
        var plan = NftablesPlan()
        // Adding before deleting makes the deletion succeed whether the table was there or not.
        plan.prologue = (replacing ? [.addTable, .deleteTable] : []) + [.addTable]
        plan.prologue += layout.sets.map { .addSet($0) } + layout.chains.map { .addChain($0) }
        plan.prologue += layout.rules(LocalDetector.none).map { .addRule($0) }
        return plan
    }

    /// Constant rules, balancing chains and node sets that differ from what they should be.
    private func repair(_ kernel: KernelTable, node: NodeTable) -> [NftablesOperation] {
        var operations = ruleOperations(
            from: layout.chains.flatMap { kernel.rules[$0.name] ?? [] }, to: layout.rules(node.localDetector))
        for chain in kernel.balanceChains.sorted(by: { $0.name < $1.name }) {
            let wanted = layout.rules(of: chain)
            if kernel.rules[chain.name] ?? [] != wanted {
                operations += [.flushChain(chain.name)] + wanted.map { .addRule($0) }
            }
        }
        operations += replacement(
            of: .nodePortAddresses, kernel,
            by: node.nodePortAddresses.filter { $0.family == family.ipFamily }.map(ElementCoding.address))
        operations += replacement(of: .podPrefixes, kernel, by: NftablesElement.intervals(covering: podPrefixes(node)))
        operations += replacement(
            of: .serviceRanges, kernel, by: NftablesElement.intervals(covering: serviceRanges(node)))
        return operations
    }

    private func replacement(
        of set: TableSet, _ kernel: KernelTable, by wanted: [NftablesElement]
    ) -> [NftablesOperation] {
        guard Set(kernel.elements[set] ?? []) != Set(wanted) else { return [] }
        return [.flushSet(set)] + (wanted.isEmpty ? [] : [.addElements(set, wanted)])
    }

    /// Elements about treatments and sources that are none of those adopted: nothing this version wrote,
    /// or what a damaged one left. They go last, when no frontend has their code any more. To be called
    /// before the planner lets go of what it adopted, whose elements it removes itself.
    private func strangers(_ kernel: KernelTable) -> [NftablesOperation] {
        let adopted = treatments.knownElements
        var operations: [NftablesOperation] = Self.treatmentSets.compactMap { set in
            let strangers = (kernel.elements[set] ?? []).filter { !adopted.contains(SetElement(set, $0)) }
            return strangers.isEmpty ? nil : .deleteElements(set, strangers.map { NftablesElement(key: $0.key) })
        }
        let known = Set(sources.known.flatMap { ElementCoding.sources($0.key, code: $0.value) })
        let strangers = (kernel.elements[.allowedSources] ?? []).filter { !known.contains($0) }
        if !strangers.isEmpty { operations.append(.deleteElements(.allowedSources, strangers)) }
        return operations
    }
}

/// The elements the kernel holds, to be struck off as they turn out to be wanted.
private struct Held {
    /// Frontends before the endpoints they point at: leftovers go in this order.
    private static let sets: [TableSet] = [
        .serviceAddresses, .nodePorts, .restrictedServices, .rejectServices, .dropServices, .rejectNodePorts, .dropNodePorts,
        .affinitySlots, .localAffinitySlots, .nodePortAffinitySlots, .nodePortLocalAffinitySlots,
        .affinityEndpoints, .localAffinityEndpoints, .nodePortAffinityEndpoints, .nodePortLocalAffinityEndpoints,
        .clusterEndpoints, .localEndpoints, .nodePortEndpoints, .nodePortLocalEndpoints,
    ]
    private var bySet: [TableSet: [[UInt8]: NftablesElement.Data?]] = [:]

    init(_ kernel: KernelTable) {
        for set in Self.sets {
            let elements = kernel.elements[set] ?? []
            bySet[set] = Dictionary(elements.map { ($0.key, $0.data) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// `wanted` (additions only) without what the kernel has, and with the deletion of what it has
    /// under the same key with other data.
    mutating func difference(_ wanted: ElementChanges) -> ElementChanges {
        var changes = ElementChanges()
        for item in wanted.additions {
            if let data = bySet[item.set]?.removeValue(forKey: item.element.key) {
                if data == item.element.data { continue }
                changes.delete(item.set, NftablesElement(key: item.element.key))
            }
            changes.add(item.set, item.element)
        }
        return changes
    }

    func leftovers(groupSize: Int) -> [ElementChanges] {
        var groups: [ElementChanges] = []
        for set in Self.sets {
            var group = ElementChanges()
            for key in (bySet[set] ?? [:]).keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                group.delete(set, NftablesElement(key: key))
                if group.deletions.count == groupSize {
                    groups.append(group)
                    group = ElementChanges()
                }
            }
            if !group.isEmpty { groups.append(group) }
        }
        return groups
    }
}
