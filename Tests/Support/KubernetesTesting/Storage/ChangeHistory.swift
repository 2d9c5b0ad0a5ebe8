/// One change of one object of a resource.
struct Change: Sendable {
    var version: UInt64
    /// Nil: the object is new.
    var before: StoredObject?
    /// What it became; of a deletion, its last state at the version of the deletion.
    var after: StoredObject
    var isDeletion = false
}

/// The last changes of a resource, as watches read them.
///
/// Bounded: the oldest go when there are twice as many as wanted, and a watch from before them is told so.
struct ChangeHistory: Sendable {
    let limit: Int
    private(set) var changes: [Change] = []
    /// How many were forgotten: a place in the history is counted from the very first change.
    private(set) var forgotten = 0
    /// Watches from an older version are refused.
    private(set) var floor: UInt64

    init(limit: Int, floor: UInt64) {
        self.limit = limit
        self.floor = floor
    }

    var end: Int { forgotten + changes.count }

    mutating func append(_ change: Change) {
        changes.append(change)
        if changes.count >= 2 * limit { forget(changes.count - limit) }
    }

    mutating func compact(at version: UInt64) {
        forget(changes.count)
        floor = max(floor, version)
    }

    private mutating func forget(_ count: Int) {
        guard count > 0 else { return }
        floor = max(floor, changes[count - 1].version)
        changes.removeFirst(count)
        forgotten += count
    }

    /// The place of the first change after a version; nil where it is too old.
    func place(after version: UInt64) -> Int? {
        if version < floor { return nil }
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].version <= version { low = middle + 1 } else { high = middle }
        }
        return forgotten + low
    }

    /// Nil: it was forgotten.
    func change(at place: Int) -> Change? {
        let index = place - forgotten
        return changes.indices.contains(index) ? changes[index] : nil
    }
}
