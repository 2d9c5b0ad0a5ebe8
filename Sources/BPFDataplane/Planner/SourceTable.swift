internal import NetworkTypes

/// Lists of allowed sources and their numbers. Frontends with equal lists share one.
struct SourceTable: Sendable {
    private var entries: [[IPPrefix]: (id: UInt32, uses: Int)] = [:]

    /// Lists that the maps have already and nobody uses yet. Of equal ones the first counts.
    mutating func adopt(_ id: UInt32, _ ranges: [IPPrefix]) -> Bool {
        if entries[ranges] != nil { return false }
        entries[ranges] = (id, 0)
        return true
    }

    var numbers: some Sequence<UInt32> { entries.values.lazy.map(\.id) }

    mutating func acquire(_ ranges: [IPPrefix], _ ids: inout BPFMapIDs, _ buckets: inout PlanBuckets) -> UInt32 {
        if let entry = entries[ranges] {
            entries[ranges] = (entry.id, entry.uses + 1)
            return entry.id
        }
        let id = ids.sources.next()
        entries[ranges] = (id, 1)
        buckets.sources += ranges.map { .set(.source(BPFSourceKey(sources: id, prefix: $0))) }
        return id
    }

    mutating func release(_ ranges: [IPPrefix], _ ids: inout BPFMapIDs, _ buckets: inout PlanBuckets) {
        guard let entry = entries[ranges] else { return }
        entries[ranges] = (entry.id, entry.uses - 1)
        if entry.uses == 1 { remove(ranges, &ids, &buckets) }
    }

    /// Removes what was adopted and nobody took up.
    mutating func finishAdoption(_ ids: inout BPFMapIDs, _ buckets: inout PlanBuckets) {
        for ranges in entries.filter({ $0.value.uses == 0 }).sorted(by: { $0.value.id < $1.value.id }).map(\.key) {
            remove(ranges, &ids, &buckets)
        }
    }

    private mutating func remove(_ ranges: [IPPrefix], _ ids: inout BPFMapIDs, _ buckets: inout PlanBuckets) {
        guard let entry = entries.removeValue(forKey: ranges) else { return }
        ids.sources.free(entry.id)
        buckets.oldSources += ranges.map { .remove(.source(BPFSourceKey(sources: entry.id, prefix: $0))) }
    }
}
