internal import BPF
internal import CBPFMaps
internal import NetworkTypes
internal import ServiceTable

extension ServiceMaps {
    /// Everything, decoded. What cannot be decoded nobody of this schema wrote: it is removed.
    func state(detect: UInt32) throws -> BPFKernelState {
        var state = BPFKernelState()
        state.detect = detect
        state.frontends = try frontends.decoded { key, value in FrontendKey(key).map { ($0, BPFFrontend(value)) } }
        state.sets = try backendSets.decoded { key, value in BPFSetKey(key).map { ($0, BPFBackendSet(value)) } }
        state.slots = try slots.decoded { (BPFSlotKey($0), $1) }
        state.backends = try backends.decoded { id, value in BPFBackend(value).map { (id, $0) } }
        state.loads = try loads.decoded { ($0, $1.connections) }
        state.cursors = Set(try cursors.decoded { key, _ in BPFSetKey(key).map { ($0, 0) } }.keys)
        state.siblings = try siblings.decoded { (BPFSiblingKey($0), $1) }
        state.sources = Set(try sources.decoded { key, _ in BPFSourceKey(key).map { ($0, 0) } }.keys)
        state.nodePortAddresses = Set(try nodePortAddresses.decoded { address, _ in (IPAddress(address), 0) }.keys)
        state.clusterIPs = Set(try clusterIPs.decoded { address, _ in (IPAddress(address), 0) }.keys)
        state.serviceRanges = Set(try serviceRanges.decoded { prefix, _ in IPPrefix(prefix).map { ($0, 0) } }.keys)
        state.podRanges = Set(try podRanges.decoded { prefix, _ in IPPrefix(prefix).map { ($0, 0) } }.keys)
        state.counters = Set(try counters.all().map(\.key))
        return state
    }
}

extension BPFMap {
    fileprivate func decoded<K: Hashable, V>(_ decode: (Key, Value) -> (K, V)?) throws -> [K: V] {
        var found: [K: V] = [:]
        var strangers: [Key] = []
        try forEach { key, value in
            if let (key, value) = decode(key, value) { found[key] = value } else { strangers.append(key) }
            return true
        }
        try deleteBatch(strangers)
        return found
    }
}

extension ServiceMaps {
    /// Takes over every entry of maps that have become too small. Counters begin anew.
    ///
    /// - Returns: the loads that were taken over.
    func copy(from old: borrowing ServiceMaps) throws -> [UInt32: UInt64] {
        try frontends.copy(old.frontends)
        try backendSets.copy(old.backendSets)
        try slots.copy(old.slots)
        try backends.copy(old.backends)
        var copied: [UInt32: UInt64] = [:]
        try loads.copy(old.loads) { copied[$0] = $1.connections }
        try cursors.copy(old.cursors)
        try siblings.copy(old.siblings)
        try sources.copy(old.sources)
        try nodePortAddresses.copy(old.nodePortAddresses)
        try clusterIPs.copy(old.clusterIPs)
        try serviceRanges.copy(old.serviceRanges)
        try podRanges.copy(old.podRanges)
        return copied
    }

    /// What these counted since, by backend. The programs that count must be done with them.
    func loadChanges(since copied: [UInt32: UInt64]) throws -> [UInt32: Int64] {
        var changes: [UInt32: Int64] = [:]
        for load in try loads.all() {
            let change = Int64(bitPattern: load.value.connections &- (copied[load.key] ?? 0))
            if change != 0 { changes[load.key] = change }
        }
        return changes
    }
}

extension BPFMap {
    fileprivate func copy(_ old: borrowing BPFMap, _ copied: (Key, Value) -> Void = { _, _ in }) throws {
        let entries = try old.all()
        for entry in entries { copied(entry.key, entry.value) }
        var start = 0
        while start < entries.count {
            let end = min(start + 4096, entries.count)
            try updateBatch(Array(entries[start..<end]))
            start = end
        }
    }
}
