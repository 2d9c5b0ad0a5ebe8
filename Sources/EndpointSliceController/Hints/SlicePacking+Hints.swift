internal import KubernetesModel
internal import NetworkTypes

/// Hints that depend on all endpoints of a Service and family.
extension SlicePacking {
    /// Decides the hints once every endpoint is placed. O(endpoints); only for Services that ask for
    /// hints.
    ///
    /// - Returns: why hints were refused, or will not be followed.
    mutating func decideHints(_ policy: HintPolicy, _ capacities: ZoneCapacities) -> HintRefusal? {
        switch policy {
        case .none: return nil
        case .sameZone: return firstReady { $0.zone == nil }.map { .endpointWithoutZone($0) }
        case .sameNode: return firstReady { $0.nodeName == nil }.map { .endpointWithoutNode($0) }
        case .byCapacity:
            do throws(HintRefusal) {
                writeZoneHints(try zonesByCapacity(capacities))
                return nil
            } catch {
                writeZoneHints([])
                return error
            }
        }
    }

    /// The zone for each ready endpoint, in the order of slices.
    private func zonesByCapacity(_ capacities: ZoneCapacities) throws(HintRefusal) -> [String] {
        let milliCPU = try capacities.shares()
        var ready: [TopologyHints.Candidate] = []
        var lost: Endpoint?
        forEachEndpoint { endpoint in
            guard endpoint.isReady else { return }
            if endpoint.zone == nil, lost == nil { lost = endpoint }
            ready.append(
                TopologyHints.Candidate(
                    zone: endpoint.zone ?? "", hint: endpoint.hintZones.count == 1 ? endpoint.hintZones[0] : nil))
        }
        let shares = try ZoneShares(milliCPU: milliCPU, endpoints: ready.count)
        if let lost { throw .endpointWithoutZone(Self.name(of: lost)) }
        return TopologyHints.assign(ready, shares)
    }

    /// Gives the ready endpoints these zones in order, and none where they run out; those that are
    /// not ready have no hints.
    private mutating func writeZoneHints(_ zones: [String]) {
        var rest = zones[...]
        for index in candidates.indices {
            for position in candidates[index].slice.endpoints.indices {
                let isReady = candidates[index].slice.endpoints[position].isReady
                let hints = isReady ? rest.popFirst().map { [$0] } ?? [] : []
                if candidates[index].slice.endpoints[position].hintZones == hints,
                    candidates[index].slice.endpoints[position].hintNodes.isEmpty
                { continue }
                candidates[index].slice.endpoints[position].hintZones = hints
                candidates[index].slice.endpoints[position].hintNodes = []
                candidates[index].isChanged = true
            }
        }
        for index in created.indices {
            for position in created[index].endpoints.indices {
                let isReady = created[index].endpoints[position].isReady
                created[index].endpoints[position].hintZones = isReady ? rest.popFirst().map { [$0] } ?? [] : []
            }
        }
    }

    /// Looks at one field of each endpoint: on the way of every change of a Service with hints.
    private func firstReady(where isSo: (Endpoint) -> Bool) -> String? {
        for candidate in candidates {
            if let found = candidate.slice.endpoints.first(where: { isSo($0) && $0.isReady }) {
                return Self.name(of: found)
            }
        }
        for contents in created {
            if let found = contents.endpoints.first(where: { isSo($0) && $0.isReady }) { return Self.name(of: found) }
        }
        return nil
    }

    private func forEachEndpoint(_ body: (Endpoint) -> Void) {
        for candidate in candidates { candidate.slice.endpoints.forEach(body) }
        for contents in created { contents.endpoints.forEach(body) }
    }

    /// The pod's name, or the address where there is none.
    private static func name(of endpoint: Endpoint) -> String {
        endpoint.targetRef?.name ?? endpoint.firstAddress?.description ?? ""
    }
}
