/// Namespace and name of an object. Cluster-scoped objects have an empty namespace.
public struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let namespace: String
    public let name: String
    /// Hashed once: a key is looked up in a dozen tables on the way of one event.
    private let hashed: Int

    public init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
        var hasher = Hasher()
        hasher.combine(namespace)
        hasher.combine(name)
        hashed = hasher.finalize()
    }

    public static func == (a: ObjectKey, b: ObjectKey) -> Bool {
        a.hashed == b.hashed && a.name == b.name && a.namespace == b.namespace
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(hashed) }

    /// `namespace/name`, or `name` alone for a cluster-scoped object.
    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    public static func < (a: ObjectKey, b: ObjectKey) -> Bool {
        (a.namespace, a.name) < (b.namespace, b.name)
    }
}

/// The part of `metav1.ObjectMeta` that Fairway uses. Managed fields, finalizers and the rest are never kept.
public struct ObjectMeta: Sendable, Hashable {
    private struct Details: UncommonFields {
        var uid = ""
        var resourceVersion = ""
        var generation: Int64 = 0
        var generateName = ""
        var deletionTimestamp: Timestamp?
        var ownerReferences: [OwnerReference] = []
    }

    public var name: String
    public var namespace: String
    public var labels: [String: String]
    /// Of most objects, only the keys that ``AnnotationKey/isKept(_:)`` names survive decoding. Of objects that
    /// mirroring reads or writes, those of others do too.
    public var annotations: [String: String]
    public var creationTimestamp: Timestamp?
    private var details: Uncommon<Details>

    public init(
        name: String, namespace: String = "", uid: String = "", resourceVersion: String = "", generation: Int64 = 0,
        generateName: String = "", labels: [String: String] = [:], annotations: [String: String] = [:],
        creationTimestamp: Timestamp? = nil, deletionTimestamp: Timestamp? = nil,
        ownerReferences: [OwnerReference] = []
    ) {
        self.name = name
        self.namespace = namespace
        self.labels = labels
        self.annotations = annotations
        self.creationTimestamp = creationTimestamp
        details = Uncommon(
            Details(
                uid: uid, resourceVersion: resourceVersion, generation: generation, generateName: generateName,
                deletionTimestamp: deletionTimestamp, ownerReferences: ownerReferences))
    }

    public var uid: String {
        get { details.fields.uid }
        set { details.fields.uid = newValue }
    }

    public var resourceVersion: String {
        get { details.fields.resourceVersion }
        set { details.fields.resourceVersion = newValue }
    }

    public var generation: Int64 {
        get { details.fields.generation }
        set { details.fields.generation = newValue }
    }

    public var generateName: String {
        get { details.fields.generateName }
        set { details.fields.generateName = newValue }
    }

    public var deletionTimestamp: Timestamp? {
        get { details.fields.deletionTimestamp }
        set { details.fields.deletionTimestamp = newValue }
    }

    public var ownerReferences: [OwnerReference] {
        get { details.fields.ownerReferences }
        set { details.fields.ownerReferences = newValue }
    }

    /// Namespace and name.
    public var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }
}

/// `metav1.OwnerReference`.
public struct OwnerReference: Sendable, Hashable {
    public var apiVersion: String
    public var kind: String
    public var name: String
    public var uid: String
    public var controller: Bool
    public var blockOwnerDeletion: Bool

    public init(
        apiVersion: String, kind: String, name: String, uid: String, controller: Bool = false,
        blockOwnerDeletion: Bool = false
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.controller = controller
        self.blockOwnerDeletion = blockOwnerDeletion
    }
}

/// An instant as the API writes it (RFC 3339), in UTC.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public var seconds: Int64
    /// 0..<1_000_000_000.
    public var nanoseconds: Int32

    public init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    public static func < (a: Timestamp, b: Timestamp) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }
}
