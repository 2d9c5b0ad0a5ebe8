internal import Dataplane
internal import NetworkTypes
internal import ServiceTable

extension FamilyPlanner {
    /// The sets that some frontend balances over, and their slots.
    mutating func updateSets(
        _ state: inout PortState, to new: ServicePort?, _ ids: inout BPFMapIDs, _ buckets: inout PlanBuckets
    ) {
        // First what comes, so that an owner that stays is never without a user.
        let owner = AffinityOwner(new).map { owners.acquire($0, &ids) } ?? 0
        if let old = AffinityOwner(state.port) { owners.release(old, &ids) }
        for scope in [BackendScope.cluster, .local] {
            let slots = Self.slots(scope, of: new, state)
            updateSet(&state, scope, to: new, slots: slots, owner: owner, &ids, &buckets)
            let isInTurn = !slots.isEmpty && new.map { BPFScheduler($0.scheduler).isInTurn } ?? false
            let key = BPFSetKey(service: state.service, scope: scope)
            if isInTurn, state.cursors.insert(scope).inserted { buckets.cursors.append(.create(.cursor(key))) }
            if !isInTurn, state.cursors.remove(scope) != nil { buckets.oldCursors.append(.remove(.cursor(key))) }
        }
    }

    private static func slots(_ scope: BackendScope, of port: ServicePort?, _ state: PortState) -> [UInt32] {
        guard let port, port.balances(over: scope) else { return [] }
        let backends = port.backends(scope).backends
        let ids = backends.map { state.backends[PortState.Place($0)]?.id ?? 0 }
        return port.scheduler.slotLayout(of: backends).map { ids[$0] }
    }

    private mutating func updateSet(
        _ state: inout PortState, _ scope: BackendScope, to new: ServicePort?, slots: [UInt32], owner: UInt32,
        _ ids: inout BPFMapIDs, _ buckets: inout PlanBuckets
    ) {
        let key = BPFSetKey(service: state.service, scope: scope)
        let known = state.sets[scope]
        guard let new, !slots.isEmpty else {
            if let known {
                state.sets[scope] = nil
                buckets.removedSets.append(.remove(.backendSet(key)))
                retire(known, &ids, &buckets)
            }
            return
        }
        let table = table(for: slots, over: known, &ids, &buckets)
        let value = BPFBackendSet(
            table: table, slotCount: UInt32(slots.count),
            affinitySeconds: UInt32(max(0, new.affinity?.timeoutSeconds ?? 0)), affinityOwner: owner,
            scheduler: BPFScheduler(new.scheduler))
        if value != known?.value { buckets.sets.append(.set(.backendSet(key, value))) }
        state.sets[scope] = PortState.KnownSet(value: value, slots: slots)
    }

    /// The number of the table that holds these slots: a list, and a table of the same length, are changed in place, where
    /// each slot stands for a backend at any moment. Otherwise a packet that draws by the old length would miss.
    private func table(
        for slots: [UInt32], over known: PortState.KnownSet?, _ ids: inout BPFMapIDs, _ buckets: inout PlanBuckets
    ) -> UInt32 {
        let staysInPlace = known.map {
            $0.slots.count == slots.count || $0.isList && Set(slots).count == slots.count
        }
        guard let known, staysInPlace == true else {
            let table = ids.tables.next()
            buckets.slots += slots.enumerated().map { index, backend in
                .set(.slot(BPFSlotKey(table: table, index: UInt32(index)), backend: backend))
            }
            if let known { retire(known, &ids, &buckets) }
            return table
        }
        let table = known.value.table
        for (index, backend) in slots.enumerated() where index >= known.slots.count || known.slots[index] != backend {
            buckets.slots.append(.set(.slot(BPFSlotKey(table: table, index: UInt32(index)), backend: backend)))
        }
        for index in slots.count..<max(slots.count, known.slots.count) {
            buckets.oldSlots.append(.remove(.slot(BPFSlotKey(table: table, index: UInt32(index)))))
        }
        return table
    }

    private func retire(_ known: PortState.KnownSet, _ ids: inout BPFMapIDs, _ buckets: inout PlanBuckets) {
        ids.tables.free(known.value.table)
        for index in known.slots.indices {
            buckets.oldSlots.append(.remove(.slot(BPFSlotKey(table: known.value.table, index: UInt32(index)))))
        }
    }

    /// Where the ports of a Service remember clients together: which of its backends is at an address.
    func updateSiblings(_ state: inout PortState, to new: ServicePort?, _ buckets: inout PlanBuckets) {
        var wanted: [IPAddress: UInt32] = [:]
        if let new, new.affinity?.scope == .service {
            for backend in new.clusterBackends.backends + new.localBackends.backends where backend.weight > 0 {
                if wanted[backend.address] != nil { continue }
                wanted[backend.address] = state.backends[PortState.Place(backend)]?.id
            }
        }
        if wanted == state.siblings { return }
        for (address, backend) in wanted.sorted(by: { $0.key < $1.key }) where state.siblings[address] != backend {
            let key = BPFSiblingKey(service: state.service, address: address)
            buckets.siblings.append(.set(.sibling(key, backend: backend)))
        }
        for address in state.siblings.keys.sorted() where wanted[address] == nil {
            buckets.oldSiblings.append(.remove(.sibling(BPFSiblingKey(service: state.service, address: address))))
        }
        state.siblings = wanted
    }
}
