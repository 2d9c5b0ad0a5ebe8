internal import Dataplane
internal import NetworkTypes
internal import ServiceTable

extension FamilyPlanner {
    /// Makes the maps hold `table`, beginning with what they hold. To be called on a new planner.
    ///
    /// - Parameter servicesOfOthers: ids of service ports of the other family, whose entries are left alone.
    mutating func synchronize(
        _ kernel: BPFKernelState, _ table: ServiceTable, servicesOfOthers: Set<UInt32>, _ ids: inout BPFMapIDs,
        _ buckets: inout PlanBuckets
    ) {
        frontends = kernel.frontends.filter { $0.key.family == family }
        clusterIPs.adopt(kernel.clusterIPs.filter { $0.family == family })
        node = NodeSets(kernel, family)
        tellsPods = table.node.localDetector.tellsPods(of: family)
        adoptSources(kernel)

        let found = KernelServices(kernel, family, besides: servicesOfOthers)
        let keys = table.values.map(\.key).filter { $0.family == family }.inReadableOrder()
        adoptPorts(keys, table, found, besides: servicesOfOthers, kernel)
        let known = frontends
        update(keys, to: table, &ids, &buckets)
        restoreLoads(kernel, &buckets)
        removeFrontends(known, unlessIn: table, keys, &buckets)
        sources.finishAdoption(&ids, &buckets)
        takeClusterIPs(&buckets)
        node.update(to: table.node, family, &buckets)
        removeStrangers(kernel, found, besides: servicesOfOthers, &ids, &buckets)
    }

    private mutating func adoptSources(_ kernel: BPFKernelState) {
        var lists: [UInt32: [IPPrefix]] = [:]
        // A list of nobody has a number and no ranges.
        for frontend in frontends.values where frontend.sources != 0 { lists[frontend.sources] = [] }
        for key in kernel.sources where key.prefix.family == family { lists[key.sources, default: []].append(key.prefix) }
        for (id, ranges) in lists.sorted(by: { $0.key < $1.key }) { _ = sources.adopt(id, ranges.sorted()) }
    }

    /// A service port is the one that has its frontends. Where they went to several, it is nobody's: what is written for
    /// one would be what the others' frontends lead to meanwhile.
    private mutating func adoptPorts(
        _ keys: [ServicePortKey], _ table: ServiceTable, _ found: KernelServices, besides others: Set<UInt32>,
        _ kernel: BPFKernelState
    ) {
        var owners: [UInt32: ServicePortKey?] = [:]
        for key in keys {
            for frontend in table[key]?.frontends ?? [] {
                guard let service = frontends[frontend.key(in: key)]?.service, found.isOurs(service) else { continue }
                if let known = owners[service], known != key { owners[service] = .some(nil) } else { owners[service] = key }
            }
        }
        var tables = Set(kernel.sets.lazy.filter { others.contains($0.key.service) }.map(\.value.table))
        for key in keys {
            guard let port = table[key] else { continue }
            let candidates = port.frontends.compactMap { frontends[$0.key(in: key)]?.service }
            guard let service = candidates.first(where: { owners[$0] == .some(key) }) else { continue }
            var state = found.state(service)
            // Of a damaged map, where sets share a table, one keeps it.
            for (scope, set) in state.sets where !tables.insert(set.value.table).inserted { state.sets[scope] = nil }
            for known in state.backends.values where known.isDraining {
                draining[known.id] = DrainingPlace(key: key, place: PortState.Place(known.value))
            }
            ports[key] = state
            if let owner = AffinityOwner(port),
                let id = state.sets.values.lazy.map(\.value.affinityOwner).first(where: { $0 != 0 })
            {
                self.owners.adopt(owner, id)
            }
        }
    }

    private mutating func removeFrontends(
        _ known: [FrontendKey: BPFFrontend], unlessIn table: ServiceTable, _ keys: [ServicePortKey],
        _ buckets: inout PlanBuckets
    ) {
        var leftovers = Set(known.keys)
        if leftovers.isEmpty { return }
        for key in keys {
            for frontend in table[key]?.frontends ?? [] { leftovers.remove(frontend.key(in: key)) }
        }
        for key in leftovers.sorted(by: { $0.description < $1.description }) {
            frontends[key] = nil
            buckets.removedFrontends.append(.remove(.frontend(key)))
        }
    }

    /// Every backend has a load.
    private func restoreLoads(_ kernel: BPFKernelState, _ buckets: inout PlanBuckets) {
        for id in backendIDs.intersection(kernel.backends.keys).sorted() where kernel.loads[id] == nil {
            buckets.loads.append(.create(.load(backend: id)))
        }
    }

    // MARK: What nobody claims

    private mutating func removeStrangers(
        _ kernel: BPFKernelState, _ found: KernelServices, besides others: Set<UInt32>, _ ids: inout BPFMapIDs,
        _ buckets: inout PlanBuckets
    ) {
        let ours = services
        func isStranger(_ service: UInt32) -> Bool { !ours.contains(service) && !others.contains(service) }
        for key in kernel.sets.keys.filter({ isStranger($0.service) }).sorted() {
            buckets.removedSets.append(.remove(.backendSet(key)))
        }
        for key in kernel.cursors.filter({ isStranger($0.service) }).sorted() {
            buckets.oldCursors.append(.remove(.cursor(key)))
        }
        for key in kernel.siblings.keys.filter({ isStranger($0.service) }).sorted() {
            buckets.oldSiblings.append(.remove(.sibling(key)))
        }
        removeStraySlots(kernel, besides: others, &buckets)
        removeStrayBackends(kernel, found, besides: others, &ids, &buckets)
    }

    /// Slots that no set leads to: neither one that there was (those are the sets' own), nor one of the other family.
    private func removeStraySlots(_ kernel: BPFKernelState, besides others: Set<UInt32>, _ buckets: inout PlanBuckets) {
        var lengths: [UInt32: UInt32] = [:]
        let ours = services
        for (key, set) in kernel.sets where ours.contains(key.service) || others.contains(key.service) {
            lengths[set.table] = max(lengths[set.table] ?? 0, set.slotCount)
        }
        for key in kernel.slots.keys.filter({ $0.index >= lengths[$0.table] ?? 0 }).sorted() {
            buckets.oldSlots.append(.remove(.slot(key)))
        }
    }

    /// Backends of service ports that are gone are drained while they have connections. Loads and counters without a
    /// backend go.
    private mutating func removeStrayBackends(
        _ kernel: BPFKernelState, _ found: KernelServices, besides others: Set<UInt32>, _ ids: inout BPFMapIDs,
        _ buckets: inout PlanBuckets
    ) {
        let ours = backendIDs
        let strays = kernel.backends.filter { id, value in
            value.address.family == family && !ours.contains(id) && !others.contains(value.service)
        }
        for (id, value) in strays.sorted(by: { $0.key < $1.key }) {
            // Those of service ports that were taken over are dealt with already.
            if found.adopted(id) && services.contains(value.service) { continue }
            let transport = found.protocols[value.service]
            if kernel.loads[id, default: 0] == 0 || (transport ?? .tcp) != .tcp {
                ids.backends.free(id)
                buckets.removeBackend(id)
                continue
            }
            orphans[id] = Orphan(value: value.draining, protocol: transport)
            if value.draining != value {
                buckets.plan.drained.append(id)
                buckets.drained.append(.set(.backend(id, value.draining)))
            }
        }
        for id in Set(kernel.loads.keys).union(kernel.counters).subtracting(kernel.backends.keys).sorted()
        where !ours.contains(id) {
            buckets.oldLoads.append(.remove(.load(backend: id)))
            buckets.oldCounters.append(.remove(.counters(backend: id)))
        }
    }

    // MARK: Ids in use

    var services: Set<UInt32> { Set(ports.values.map(\.service)) }
    var backendIDs: Set<UInt32> {
        var result = Set(orphans.keys)
        for state in ports.values { for known in state.backends.values { result.insert(known.id) } }
        return result
    }
    var tables: Set<UInt32> { Set(ports.values.flatMap { $0.sets.values.map(\.value.table) }) }
}
