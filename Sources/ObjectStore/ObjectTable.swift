public import KubernetesModel
internal import HashTreeCollections

/// A persistent table of one kind of object: copies share structure, and a change costs O(log n).
///
/// Objects are boxed, so that copying a node of the tree retains one reference an entry and not
/// each array and string of a Service.
public struct ObjectTable<Value: Sendable & Hashable>: Sendable {
    final class Box: Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    var storage: TreeDictionary<ObjectKey, Box> = [:]

    public init() {}

    public var count: Int { storage.count }
    public var isEmpty: Bool { storage.isEmpty }
    /// In no particular order.
    public var keys: some Sequence<ObjectKey> { storage.keys }
    /// In no particular order.
    public var values: some Sequence<Value> { storage.lazy.map(\.value.value) }

    /// O(log n). Assigning nil removes.
    public subscript(key: ObjectKey) -> Value? {
        get { storage[key]?.value }
        set { storage[key] = newValue.map(Box.init) }
    }
}
