internal import BPF
internal import CBPFMaps
internal import Dataplane

extension ServiceMaps {
    /// Makes the writes in their order. Neighbours that do the same to one map go to the kernel together.
    ///
    /// - Throws: `.full` when a map has as many entries as it may have; what was written before stays.
    func write(_ writes: [BPFMapWrite], _ report: inout SyncReport) throws(BPFError) {
        let emptyMaps = try emptyMaps(before: writes)
        var start = writes.startIndex
        while start < writes.endIndex {
            let (map, kind) = (writes[start].map, writes[start].kind)
            let limit = min(start + Self.batchEntries, writes.endIndex)
            let end = writes[start..<limit].firstIndex { $0.map != map || $0.kind != kind } ?? limit
            // What nothing is in can be filled in batches, which ask nothing of single entries.
            let mode: BPFUpdateMode = kind == .create && !emptyMaps.contains(map) ? .noExist : .any
            try write(writes[start..<end], map, kind, mode)
            report.transactions += 1
            if kind == .remove { report.elementsDeleted += end - start } else { report.elementsAdded += end - start }
            start = end
        }
    }

    /// Entries that one system call writes: the call holds no lock for long, and its price is spread far enough.
    private static let batchEntries = 4096

    /// Has backends that wait for their removal take nothing new: affinity would find them until then.
    func bar(_ removals: [BPFMapWrite]) throws(BPFError) {
        for case .remove(.backend(let id)) in removals {
            guard var backend = try backends.lookup(id) else { continue }
            backend.weight = 0
            backend.flags |= UInt32(FW_BACKEND_DRAINING)
            try backends.update(id, backend, .exist)
        }
    }

    /// Of the maps whose entries are only made where there are none, those without any; only looked for when it pays.
    private func emptyMaps(before writes: [BPFMapWrite]) throws(BPFError) -> Set<BPFMapName> {
        guard writes.count > Self.batchEntries else { return [] }
        var empty: Set<BPFMapName> = []
        if try loads.key(after: nil) == nil { empty.insert(.loads) }
        if try cursors.key(after: nil) == nil { empty.insert(.cursors) }
        return empty
    }

    private func write(
        _ writes: ArraySlice<BPFMapWrite>, _ map: BPFMapName, _ kind: BPFMapWrite.Kind, _ mode: BPFUpdateMode
    ) throws(BPFError) {
        switch kind {
        case .set, .create: try add(writes.compactMap(\.entry), to: map, mode)
        case .remove: try remove(writes.map(\.key), from: map)
        }
    }

    private func add(_ entries: [BPFMapEntry], to map: BPFMapName, _ mode: BPFUpdateMode) throws(BPFError) {
        try addressFilter.add(entries)
        switch map {
        case .frontends:
            try frontends.write(entries, mode) {
                if case .frontend(let key, let value) = $0 { (fw_frontend_key(key), fw_frontend(value)) } else { nil }
            }
        case .backendSets:
            try backendSets.write(entries, mode) {
                if case .backendSet(let key, let value) = $0 { (fw_set_key(key), fw_backend_set(value)) } else { nil }
            }
        case .slots:
            try slots.write(entries, mode) { if case .slot(let key, let id) = $0 { (fw_slot_key(key), id) } else { nil } }
        case .backends:
            try backends.write(entries, mode) {
                if case .backend(let id, let value) = $0 { (id, fw_backend(value)) } else { nil }
            }
        case .loads:
            try loads.write(entries, mode) { if case .load(let id) = $0 { (id, fw_load(connections: 0)) } else { nil } }
        case .cursors:
            try cursors.write(entries, mode) { if case .cursor(let key) = $0 { (fw_set_key(key), 0) } else { nil } }
        case .siblings:
            try siblings.write(entries, mode) {
                if case .sibling(let key, let id) = $0 { (fw_sibling_key(key), id) } else { nil }
            }
        case .sources:
            try sources.write(entries, mode) { if case .source(let key) = $0 { (fw_source_key(key), 1) } else { nil } }
        case .nodePortAddresses:
            try nodePortAddresses.write(entries, mode) {
                if case .nodePortAddress(let address) = $0 { (fw_address(address), 1) } else { nil }
            }
        case .clusterIPs:
            try clusterIPs.write(entries, mode) {
                if case .clusterIP(let address) = $0 { (fw_address(address), 1) } else { nil }
            }
        case .serviceRanges:
            try serviceRanges.write(entries, mode) {
                if case .serviceRange(let prefix) = $0 { (fw_prefix(prefix), 1) } else { nil }
            }
        case .podRanges:
            try podRanges.write(entries, mode) { if case .podRange(let prefix) = $0 { (fw_prefix(prefix), 1) } else { nil } }
        // Made by the kernel's programs.
        case .counters: break
        }
    }

    private func remove(_ keys: [BPFMapKey], from map: BPFMapName) throws(BPFError) {
        switch map {
        case .frontends: try frontends.remove(keys) { if case .frontend(let key) = $0 { fw_frontend_key(key) } else { nil } }
        case .backendSets: try backendSets.remove(keys) { if case .backendSet(let key) = $0 { fw_set_key(key) } else { nil } }
        case .slots: try slots.remove(keys) { if case .slot(let key) = $0 { fw_slot_key(key) } else { nil } }
        case .backends: try backends.remove(keys) { if case .backend(let id) = $0 { id } else { nil } }
        case .loads: try loads.remove(keys) { if case .load(let id) = $0 { id } else { nil } }
        case .cursors: try cursors.remove(keys) { if case .cursor(let key) = $0 { fw_set_key(key) } else { nil } }
        case .siblings: try siblings.remove(keys) { if case .sibling(let key) = $0 { fw_sibling_key(key) } else { nil } }
        case .sources: try sources.remove(keys) { if case .source(let key) = $0 { fw_source_key(key) } else { nil } }
        case .nodePortAddresses:
            try nodePortAddresses.remove(keys) { if case .nodePortAddress(let address) = $0 { fw_address(address) } else { nil } }
        case .clusterIPs:
            try clusterIPs.remove(keys) { if case .clusterIP(let address) = $0 { fw_address(address) } else { nil } }
        case .serviceRanges:
            try serviceRanges.remove(keys) { if case .serviceRange(let prefix) = $0 { fw_prefix(prefix) } else { nil } }
        case .podRanges: try podRanges.remove(keys) { if case .podRange(let prefix) = $0 { fw_prefix(prefix) } else { nil } }
        case .counters:
            try counters.deleteBatch(keys.compactMap { if case .counters(let id) = $0 { id } else { nil } })
        }
    }
}

extension BPFMap {
    /// Entries that are there already are passed over where only new ones are made.
    fileprivate func write(
        _ entries: [BPFMapEntry], _ mode: BPFUpdateMode,
        _ coded: (BPFMapEntry) -> (Key, Value)?
    ) throws(BPFError) {
        var (keys, values): ([Key], [Value]) = ([], [])
        keys.reserveCapacity(entries.count)
        values.reserveCapacity(entries.count)
        for entry in entries {
            guard let (key, value) = coded(entry) else { continue }
            keys.append(key)
            values.append(value)
        }
        while true {
            do throws(BPFError) {
                return try updateBatch(keys: keys, values: values, mode)
            } catch {
                guard mode == .noExist, error.code == .exists, let entry = error.entry else { throw error }
                keys.removeFirst(entry + 1)
                values.removeFirst(entry + 1)
            }
        }
    }

    fileprivate func remove(_ keys: [BPFMapKey], _ coded: (BPFMapKey) -> Key?) throws(BPFError) {
        try deleteBatch(keys.compactMap(coded))
    }
}

extension BPFMapWrite {
    fileprivate enum Kind {
        case set
        case create
        case remove
    }

    fileprivate var kind: Kind {
        switch self {
        case .set: .set
        case .create: .create
        case .remove: .remove
        }
    }

    fileprivate var entry: BPFMapEntry? {
        switch self {
        case .set(let entry), .create(let entry): entry
        case .remove: nil
        }
    }
}
