package import CBPFMaps
package import ServiceTable

extension fw_set_key {
    package init(_ key: BPFSetKey) {
        let scope = key.scope == .cluster ? FW_CLUSTER : FW_LOCAL
        self.init(service: key.service, scope: scope.rawValue)
    }
}

extension BPFSetKey {
    /// Nil for a scope that there is not.
    package init?(_ key: fw_set_key) {
        switch key.scope {
        case FW_CLUSTER.rawValue: self.init(service: key.service, scope: .cluster)
        case FW_LOCAL.rawValue: self.init(service: key.service, scope: .local)
        default: return nil
        }
    }
}

extension BPFScheduler {
    package init(_ scheduler: Scheduler) {
        let name =
            switch scheduler {
            case .random: FW_RANDOM
            case .roundRobin, .weightedRoundRobin: FW_IN_TURN
            case .leastConnections: FW_LEAST_CONNECTIONS
            case .weightedLeastConnections: FW_WEIGHTED_LEAST_CONNECTIONS
            case .shortestExpectedDelay: FW_SHORTEST_EXPECTED_DELAY
            case .neverQueue: FW_NEVER_QUEUE
            case .sourceHash: FW_SOURCE_HASH
            case .destinationHash: FW_DESTINATION_HASH
            case .maglev: FW_MAGLEV
            case .twoChoices: FW_TWO_CHOICES
            }
        self.init(rawValue: UInt8(name.rawValue))
    }

    /// Slots are drawn in turn, which takes a cursor.
    package var isInTurn: Bool { UInt32(rawValue) == FW_IN_TURN.rawValue }
    /// The slots are a Maglev table, which tells nothing of the order of its backends.
    package var isMaglev: Bool { UInt32(rawValue) == FW_MAGLEV.rawValue }
}

extension fw_backend_set {
    package init(_ set: BPFBackendSet) {
        self.init(
            table: set.table, slot_count: set.slotCount, affinity_seconds: set.affinitySeconds,
            affinity_owner: set.affinityOwner, scheduler: set.scheduler.rawValue, zero: (0, 0, 0))
    }
}

extension BPFBackendSet {
    package init(_ set: fw_backend_set) {
        self.init(
            table: set.table, slotCount: set.slot_count, affinitySeconds: set.affinity_seconds,
            affinityOwner: set.affinity_owner, scheduler: BPFScheduler(rawValue: set.scheduler))
    }
}

extension fw_slot_key {
    package init(_ key: BPFSlotKey) { self.init(table: key.table, index: key.index) }
}

extension BPFSlotKey {
    package init(_ key: fw_slot_key) { self.init(table: key.table, index: key.index) }
}
