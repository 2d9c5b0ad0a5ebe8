public import KubernetesModel
internal import HashTreeCollections

/// A persistent table of one kind of object: copies share structure, and a change costs O(log n).
///
/// Objects are boxed, so that copying a node of the tree retains one reference an entry and not
/// each array and string of a Service. The box is the event's: whoever else keeps it shares the object.
public struct ObjectTable<Value: KubernetesKind>: Sendable {
    private var storage: TreeDictionary<ObjectKey, KubernetesObject> = [:]

    public init() {}

    public var count: Int { storage.count }
    public var isEmpty: Bool { storage.isEmpty }
    /// In no particular order.
    public var keys: some Sequence<ObjectKey> { storage.keys }
    /// In no particular order.
    public var values: some Sequence<Value> { storage.lazy.compactMap { Value($0.value) } }

    /// O(log n). Assigning nil removes.
    public subscript(key: ObjectKey) -> Value? {
        get { storage[key].flatMap { Value($0) } }
        set { storage[key] = newValue?.object }
    }

    /// The object as it was set. O(log n).
    public func object(_ key: ObjectKey) -> KubernetesObject? { storage[key] }

    /// - Precondition: the object is of this kind.
    mutating func set(_ key: ObjectKey, to object: KubernetesObject) {
        assert(Value(object) != nil)
        storage[key] = object
    }
}
