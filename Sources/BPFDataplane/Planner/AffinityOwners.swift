internal import Dataplane

/// The numbers of those who remember clients.
struct AffinityOwners: Sendable {
    private var entries: [AffinityOwner: (id: UInt32, uses: Int)] = [:]

    /// A number that the maps have for this owner, who is to be acquired before long.
    mutating func adopt(_ owner: AffinityOwner, _ id: UInt32) {
        if entries[owner] == nil { entries[owner] = (id, 0) }
    }

    var numbers: some Sequence<UInt32> { entries.values.lazy.map(\.id) }

    func id(of owner: AffinityOwner) -> UInt32? { entries[owner]?.id }

    mutating func acquire(_ owner: AffinityOwner, _ ids: inout BPFMapIDs) -> UInt32 {
        let entry = entries[owner] ?? (ids.owners.next(), 0)
        entries[owner] = (entry.id, entry.uses + 1)
        return entry.id
    }

    mutating func release(_ owner: AffinityOwner, _ ids: inout BPFMapIDs) {
        guard let entry = entries[owner] else { return }
        if entry.uses > 1 {
            entries[owner] = (entry.id, entry.uses - 1)
        } else {
            entries[owner] = nil
            ids.owners.free(entry.id)
        }
    }
}
