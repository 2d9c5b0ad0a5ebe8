/// The objects of a resource, in the order of their keys, and what changed of late.
struct ResourceTable: Sendable {
    private(set) var objects: [StoredObject] = []
    private(set) var history: ChangeHistory

    init(historyLimit: Int, version: UInt64) { history = ChangeHistory(limit: historyLimit, floor: version) }

    subscript(namespace: String, name: String) -> StoredObject? {
        let key = namespace.isEmpty ? name : "\(namespace)/\(name)"
        let index = place(of: key)
        return index < objects.count && objects[index].key == key ? objects[index] : nil
    }

    private func place(of key: String) -> Int { Self.place(of: key, in: objects[...]) }

    /// The index of the first object whose key is not before this one.
    static func place(of key: String, in objects: ArraySlice<StoredObject>) -> Int {
        var (low, high) = (objects.startIndex, objects.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if objects[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func set(_ object: StoredObject) {
        let index = place(of: object.key)
        if index < objects.count, objects[index].key == object.key {
            history.append(Change(version: object.version, before: objects[index], after: object))
            objects[index] = object
        } else {
            history.append(Change(version: object.version, before: nil, after: object))
            objects.insert(object, at: index)
        }
    }

    /// - Parameter last: its last state, at the version of the deletion.
    mutating func remove(_ object: StoredObject, last: StoredObject) {
        let index = place(of: object.key)
        guard index < objects.count, objects[index].key == object.key else { return }
        objects.remove(at: index)
        history.append(Change(version: last.version, before: object, after: last, isDeletion: true))
    }

    mutating func compact(at version: UInt64) { history.compact(at: version) }

    /// The objects as they were at a version; nil where that was forgotten.
    ///
    /// - Parameter first: only those not before this key.
    func objects(at version: UInt64, from first: String) -> TableSnapshot? {
        guard let start = history.place(after: version) else { return nil }
        let current = objects[place(of: first)...]
        if start == history.end { return TableSnapshot(current: current) }
        // Of each object that changed since, what it was before the first of its changes.
        var former: [String: StoredObject?] = [:]
        for change in history.changes[(start - history.forgotten)...] where former[change.after.key] == nil {
            former[change.after.key] = .some(change.before)
        }
        return TableSnapshot(current: current, former: former, from: first)
    }
}
