internal import NetworkTypes
internal import ServiceTable

extension FamilyPlanner {
    /// Backends of both sets, those that left them, and what becomes of these: TCP's keep the connections they
    /// have; others' are gone unless their endpoint is still there.
    mutating func updateBackends(
        _ state: inout PortState, _ key: ServicePortKey, to new: ServicePort?, _ ids: inout BPFMapIDs,
        _ buckets: inout PlanBuckets
    ) {
        var leaving = state.backends
        for (place, backend, flags) in Self.wanted(new) {
            let value = BPFBackend(
                address: backend.address, port: backend.port, weight: backend.weight, flags: flags, service: state.service)
            if var known = leaving.removeValue(forKey: place) {
                if known.value == value { continue }
                if known.isDraining {
                    draining[known.id] = nil
                    buckets.plan.revived.append(known.id)
                }
                known.value = value
                known.isLingering = false
                state.backends[place] = known
                let write = BPFMapWrite.set(.backend(known.id, value))
                if value.weight == 0 { buckets.drained.append(write) } else { buckets.backends.append(write) }
            } else {
                let id = ids.backends.next()
                state.backends[place] = PortState.KnownBackend(id: id, value: value)
                buckets.backends.append(.set(.backend(id, value)))
                buckets.loads.append(.create(.load(backend: id)))
            }
        }
        if leaving.isEmpty { return }
        let lingering = Set((new?.lingering ?? []).map(PortState.Place.init))
        for (place, known) in leaving.sorted(by: { $0.value.id < $1.value.id }) {
            let isLingering = lingering.contains(place)
            if key.id.protocol != .tcp && !isLingering {
                state.backends[place] = nil
                remove(known.id, &ids, &buckets)
            } else {
                state.backends[place] = drained(known, key, place, isLingering: isLingering, &buckets)
            }
        }
    }

    private mutating func drained(
        _ known: PortState.KnownBackend, _ key: ServicePortKey, _ place: PortState.Place, isLingering: Bool,
        _ buckets: inout PlanBuckets
    ) -> PortState.KnownBackend {
        var known = known
        known.isLingering = isLingering
        if draining[known.id] == nil { buckets.plan.drained.append(known.id) }
        draining[known.id] = DrainingPlace(key: key, place: place)
        let value = known.value.draining
        if value != known.value { buckets.drained.append(.set(.backend(known.id, value))) }
        known.value = value
        return known
    }

    private mutating func remove(_ id: UInt32, _ ids: inout BPFMapIDs, _ buckets: inout PlanBuckets) {
        draining[id] = nil
        ids.backends.free(id)
        buckets.removeBackend(id)
    }

    /// Each place once, in the order of the cluster-wide set, then of the node-local one.
    private static func wanted(_ port: ServicePort?) -> [(PortState.Place, Backend, BPFBackendFlags)] {
        guard let port else { return [] }
        let isLocal = port.localBackends.isEmpty ? [] : Set(port.localBackends.backends.map(PortState.Place.init))
        var result: [(PortState.Place, Backend, BPFBackendFlags)] = []
        result.reserveCapacity(port.clusterBackends.count)
        var seen: Set<PortState.Place> = []
        for backend in port.clusterBackends.backends {
            let place = PortState.Place(backend)
            guard seen.insert(place).inserted else { continue }
            result.append((place, backend, isLocal.contains(place) ? [] : .notInLocalSet))
        }
        for backend in port.localBackends.backends {
            let place = PortState.Place(backend)
            if seen.insert(place).inserted { result.append((place, backend, .notInClusterSet)) }
        }
        return result.map { ($0.0, $0.1, $0.1.isLocal ? $0.2.union(.local) : $0.2) }
    }

    // MARK: Draining

    /// See `BPFMapPlanner.retire`.
    mutating func retire(_ id: UInt32, _ ids: inout BPFMapIDs, _ buckets: inout PlanBuckets) {
        if orphans.removeValue(forKey: id) != nil { return remove(id, &ids, &buckets) }
        guard let place = draining[id] else { return }
        remove(id, &ids, &buckets)
        guard var state = ports.removeValue(forKey: place.key) else { return }
        state.backends[place.place] = nil
        if state.isEmpty { ids.services.free(state.service) } else { ports[place.key] = state }
    }

    var drainingBackends: [BPFDrainingBackend] {
        draining.map { id, place in
            BPFDrainingBackend(
                id: id, address: place.place.address, port: place.place.port, protocol: place.key.id.protocol,
                isLingering: ports[place.key]?.backends[place.place]?.isLingering ?? false)
        }
            + orphans.map { id, orphan in
                BPFDrainingBackend(
                    id: id, address: orphan.value.address, port: orphan.value.port, protocol: orphan.protocol,
                    isLingering: false)
            }
    }
}

extension BPFBackend {
    /// The same, taking no new connection.
    var draining: BPFBackend {
        var backend = self
        backend.weight = 0
        backend.flags = flags.intersection(.local).union(.draining)
        return backend
    }
}
