/// The objects of a resource as they were at a version, from a key on: those that have not changed since, and the former
/// states of those that have. Nothing is copied but what changed, so that a page costs what is on it.
struct TableSnapshot: Sequence, Sendable {
    private let current: ArraySlice<StoredObject>
    /// What has changed since, by key: not as it is now.
    private let changed: Set<String>
    /// The former states, in order.
    private let former: [StoredObject]
    let count: Int

    init(current: ArraySlice<StoredObject>) {
        (self.current, changed, former, count) = (current, [], [], current.count)
    }

    /// - Parameter former: by key; nil for what was not there.
    init(current: ArraySlice<StoredObject>, former: [String: StoredObject?], from first: String) {
        self.current = current
        changed = Set(former.keys)
        self.former = former.values.compactMap(\.self).filter { $0.key >= first }.sorted { $0.key < $1.key }
        let hidden = former.keys.count(where: { key in
            let index = ResourceTable.place(of: key, in: current)
            return index < current.endIndex && current[index].key == key
        })
        count = current.count - hidden + self.former.count
    }

    func makeIterator() -> Iterator { Iterator(current: current, changed: changed, former: former[...]) }

    struct Iterator: IteratorProtocol {
        fileprivate var current: ArraySlice<StoredObject>
        fileprivate let changed: Set<String>
        fileprivate var former: ArraySlice<StoredObject>

        fileprivate init(current: ArraySlice<StoredObject>, changed: Set<String>, former: ArraySlice<StoredObject>) {
            (self.current, self.changed, self.former) = (current, changed, former)
        }

        mutating func next() -> StoredObject? {
            if changed.isEmpty { return current.popFirst() }
            while let object = current.first, changed.contains(object.key) { current.removeFirst() }
            guard let old = former.first else { return current.popFirst() }
            guard let object = current.first, object.key < old.key else { return former.popFirst() }
            return current.popFirst()
        }
    }
}
