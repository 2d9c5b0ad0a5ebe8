package import NetworkTypes
package import ServiceTable

/// A map that the planner fills, by its name in the pin folder.
package enum BPFMapName: String, Sendable, Hashable, CaseIterable {
    case frontends, slots, backends, loads, cursors, sources, siblings, counters
    case backendSets = "backend_sets"
    case nodePortAddresses = "nodeport_addresses"
    case clusterIPs = "cluster_ips"
    case serviceRanges = "service_ranges"
    case podRanges = "pod_ranges"
}

/// An entry with its value. Those of sets of addresses and ranges are present or not: their value is 1.
package enum BPFMapEntry: Sendable, Hashable {
    case frontend(FrontendKey, BPFFrontend)
    case backendSet(BPFSetKey, BPFBackendSet)
    case slot(BPFSlotKey, backend: UInt32)
    case backend(UInt32, BPFBackend)
    /// With a count of 0.
    case load(backend: UInt32)
    /// At 0.
    case cursor(BPFSetKey)
    case sibling(BPFSiblingKey, backend: UInt32)
    case source(BPFSourceKey)
    case nodePortAddress(IPAddress)
    case clusterIP(IPAddress)
    case serviceRange(IPPrefix)
    case podRange(IPPrefix)
}

/// An entry's key.
package enum BPFMapKey: Sendable, Hashable {
    case frontend(FrontendKey)
    case backendSet(BPFSetKey)
    case slot(BPFSlotKey)
    case backend(UInt32)
    case load(backend: UInt32)
    case cursor(BPFSetKey)
    case sibling(BPFSiblingKey)
    case source(BPFSourceKey)
    case nodePortAddress(IPAddress)
    case clusterIP(IPAddress)
    case serviceRange(IPPrefix)
    case podRange(IPPrefix)
    /// Made by the kernel's programs, removed with the backend.
    case counters(backend: UInt32)
}

/// One change of one entry of one map.
package enum BPFMapWrite: Sendable, Hashable {
    /// Made, or replaced (BPF_ANY).
    case set(BPFMapEntry)
    /// Made unless it is there (BPF_NOEXIST; that it is there is no error): what the kernel counts up is not reset.
    case create(BPFMapEntry)
    /// Removed; that it is gone is no error.
    case remove(BPFMapKey)
}

extension BPFMapEntry {
    package var key: BPFMapKey {
        switch self {
        case .frontend(let key, _): .frontend(key)
        case .backendSet(let key, _): .backendSet(key)
        case .slot(let key, _): .slot(key)
        case .backend(let id, _): .backend(id)
        case .load(let id): .load(backend: id)
        case .cursor(let key): .cursor(key)
        case .sibling(let key, _): .sibling(key)
        case .source(let key): .source(key)
        case .nodePortAddress(let address): .nodePortAddress(address)
        case .clusterIP(let address): .clusterIP(address)
        case .serviceRange(let prefix): .serviceRange(prefix)
        case .podRange(let prefix): .podRange(prefix)
        }
    }
}

extension BPFMapKey {
    package var map: BPFMapName {
        switch self {
        case .frontend: .frontends
        case .backendSet: .backendSets
        case .slot: .slots
        case .backend: .backends
        case .load: .loads
        case .cursor: .cursors
        case .sibling: .siblings
        case .source: .sources
        case .nodePortAddress: .nodePortAddresses
        case .clusterIP: .clusterIPs
        case .serviceRange: .serviceRanges
        case .podRange: .podRanges
        case .counters: .counters
        }
    }
}

extension BPFMapWrite {
    package var key: BPFMapKey {
        switch self {
        case .set(let entry), .create(let entry): entry.key
        case .remove(let key): key
        }
    }

    package var map: BPFMapName { key.map }
}
