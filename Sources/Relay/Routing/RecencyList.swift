internal import LinuxSystem
internal import NetworkTypes

/// Clients by address, and in the order in which they were seen last. Every call is O(1).
struct RecencyList {
    struct Entry {
        let client: IPAddress
        var place: SocketAddress
        var seen: ContinuousClock.Instant
        /// Seen before and after this one; -1: none. `newer` of a free entry is the next free one.
        fileprivate var older = -1
        fileprivate var newer = -1
    }

    private var entries: [Entry] = []
    private var indexes: [IPAddress: Int] = [:]
    private var oldestIndex = -1
    private var newestIndex = -1
    private var freeIndex = -1

    var count: Int { indexes.count }
    var oldest: Entry? { oldestIndex < 0 ? nil : entries[oldestIndex] }

    subscript(client: IPAddress) -> Entry? { indexes[client].map { entries[$0] } }

    /// Adds the client, or changes it; it is the one seen last.
    mutating func set(_ client: IPAddress, _ place: SocketAddress, seen: ContinuousClock.Instant) {
        var index = freeIndex
        if let known = indexes[client] {
            index = known
            unlink(index)
        } else {
            indexes[client] = index < 0 ? entries.count : index
        }
        let entry = Entry(client: client, place: place, seen: seen, older: newestIndex)
        if index < 0 {
            index = entries.count
            entries.append(entry)
        } else {
            if index == freeIndex { freeIndex = entries[index].newer }
            entries[index] = entry
        }
        if newestIndex < 0 { oldestIndex = index } else { entries[newestIndex].newer = index }
        newestIndex = index
    }

    mutating func remove(_ client: IPAddress) {
        guard let index = indexes.removeValue(forKey: client) else { return }
        unlink(index)
        entries[index].newer = freeIndex
        freeIndex = index
        // What a rush of clients took is given back.
        if indexes.isEmpty { self = RecencyList() }
    }

    private mutating func unlink(_ index: Int) {
        let (older, newer) = (entries[index].older, entries[index].newer)
        if older < 0 { oldestIndex = newer } else { entries[older].newer = newer }
        if newer < 0 { newestIndex = older } else { entries[newer].older = older }
    }
}
