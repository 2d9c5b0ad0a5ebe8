internal import Dataplane
internal import NetworkTypes
internal import ServiceTable

/// One family's part of the maps, and how it changes.
struct FamilyPlanner: Sendable {
    let family: IPFamily
    /// Those of the table, and those that are gone but have draining backends.
    var ports: [ServicePortKey: PortState] = [:]
    /// What the map holds.
    var frontends: [FrontendKey: BPFFrontend] = [:]
    var sources = SourceTable()
    var owners = AffinityOwners()
    var clusterIPs = CountedAddresses()
    var node = NodeSets()
    /// Draining backends, by the service port they are of.
    var draining: [UInt32: DrainingPlace] = [:]
    /// Draining backends of service ports that nobody knows.
    var orphans: [UInt32: Orphan] = [:]
    /// Pods can be told from others.
    var tellsPods = false

    struct DrainingPlace: Sendable {
        let key: ServicePortKey
        let place: PortState.Place
    }

    struct Orphan: Sendable {
        let value: BPFBackend
        let `protocol`: TransportProtocol?
    }

    init(family: IPFamily) { self.family = family }

    mutating func plan(_ change: ServiceTableChange, _ ids: inout BPFMapIDs, _ buckets: inout PlanBuckets) {
        var keys = change.changed.filter { $0.family == family }
        let tellsPods = change.new.node.localDetector.tellsPods(of: family)
        if tellsPods != self.tellsPods {
            self.tellsPods = tellsPods
            keys = Array(Set(ports.keys).union(keys)).sorted()
        }
        update(keys, to: change.new, &ids, &buckets)
        takeClusterIPs(&buckets)
        node.update(to: change.new.node, family, &buckets)
    }

    /// Addresses that no service port had, or has any more.
    mutating func takeClusterIPs(_ buckets: inout PlanBuckets) {
        let changes = clusterIPs.takeChanges()
        buckets.addresses += changes.added.map { .set(.clusterIP($0)) }
        buckets.removedAddresses += changes.removed.map { .remove(.clusterIP($0)) }
    }

    /// Makes the maps hold these service ports as `table` has them.
    mutating func update(
        _ keys: [ServicePortKey], to table: ServiceTable, _ ids: inout BPFMapIDs, _ buckets: inout PlanBuckets
    ) {
        // A frontend that one service port gives up may be another's by the end.
        var givenUp: [(key: FrontendKey, service: UInt32)] = []
        for key in keys {
            // Nothing leads to one without frontends.
            let new = table[key].flatMap { $0.frontends.isEmpty ? nil : $0 }
            guard var state = ports.removeValue(forKey: key) ?? (new == nil ? nil : PortState(service: ids.services.next()))
            else { continue }
            let old = state.port
            updateBackends(&state, key, to: new, &ids, &buckets)
            updateSets(&state, to: new, &ids, &buckets)
            updateSiblings(&state, to: new, &buckets)
            givenUp += updateFrontends(&state, to: new, &ids, &buckets)
            clusterIPs.replace(old?.clusterIPs ?? [], with: new?.clusterIPs ?? [])
            state.port = new
            if state.isEmpty { ids.services.free(state.service) } else { ports[key] = state }
        }
        for frontend in givenUp where frontends[frontend.key]?.service == frontend.service {
            frontends[frontend.key] = nil
            buckets.removedFrontends.append(.remove(.frontend(frontend.key)))
        }
    }
}
