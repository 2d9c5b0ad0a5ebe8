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
    func copy(from old: borrowing ServiceMaps) throws {
        try frontends.copy(old.frontends)
        try backendSets.copy(old.backendSets)
        try slots.copy(old.slots)
        try backends.copy(old.backends)
        try loads.copy(old.loads)
        try cursors.copy(old.cursors)
        try siblings.copy(old.siblings)
        try sources.copy(old.sources)
        try nodePortAddresses.copy(old.nodePortAddresses)
        try clusterIPs.copy(old.clusterIPs)
        try serviceRanges.copy(old.serviceRanges)
        try podRanges.copy(old.podRanges)
    }

    /// What the old maps counted while programs changed over to these.
    func settleLoads(of old: borrowing ServiceMaps, copied: [UInt32: UInt64]) throws {
        for (id, before) in copied {
            guard let after = try old.loads.lookup(id)?.connections, after != before,
                let now = try loads.lookup(id)?.connections
            else { continue }
            try loads.update(id, fw_load(connections: now &+ after &- before), .exist)
        }
    }
}

extension BPFMap {
    fileprivate func copy(_ old: borrowing BPFMap) throws {
        let entries = try old.all()
        var start = 0
        while start < entries.count {
            let end = min(start + 4096, entries.count)
            try updateBatch(Array(entries[start..<end]))
            start = end
        }
    }
}
