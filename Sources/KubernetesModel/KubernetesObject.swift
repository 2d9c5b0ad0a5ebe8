/// The kinds Fairway uses. The raw value is the API's `kind`.
public enum ObjectKind: String, Sendable, Hashable, CaseIterable, Comparable {
    case service = "Service"
    case pod = "Pod"
    case endpoints = "Endpoints"
    case endpointSlice = "EndpointSlice"
    case node = "Node"
    case namespace = "Namespace"
    case serviceCIDR = "ServiceCIDR"

    public static func < (a: ObjectKind, b: ObjectKind) -> Bool { a.rawValue < b.rawValue }

    /// Of the case. By default it would be of the raw value: a string hashed for every reference in every set.
    public func hash(into hasher: inout Hasher) {
        let number: UInt8 =
            switch self {
            case .service: 0
            case .pod: 1
            case .endpoints: 2
            case .endpointSlice: 3
            case .node: 4
            case .namespace: 5
            case .serviceCIDR: 6
            }
        hasher.combine(number)
    }

    /// Node, Namespace and ServiceCIDR objects live in no namespace.
    public var isNamespaced: Bool {
        switch self {
        case .node, .namespace, .serviceCIDR: false
        default: true
        }
    }
}

/// An object of any kind Fairway uses.
///
/// Indirect: 8 bytes, so that lists of events are small whatever their objects are, and tables share the object.
public indirect enum KubernetesObject: Sendable, Hashable {
    case service(Service)
    case pod(Pod)
    case endpoints(Endpoints)
    case endpointSlice(EndpointSlice)
    case node(Node)
    case namespace(Namespace)
    case serviceCIDR(ServiceCIDR)

    public var kind: ObjectKind {
        switch self {
        case .service: .service
        case .pod: .pod
        case .endpoints: .endpoints
        case .endpointSlice: .endpointSlice
        case .node: .node
        case .namespace: .namespace
        case .serviceCIDR: .serviceCIDR
        }
    }

    public var metadata: ObjectMeta {
        switch self {
        case .service(let object): object.metadata
        case .pod(let object): object.metadata
        case .endpoints(let object): object.metadata
        case .endpointSlice(let object): object.metadata
        case .node(let object): object.metadata
        case .namespace(let object): object.metadata
        case .serviceCIDR(let object): object.metadata
        }
    }

    public var reference: ObjectReference { ObjectReference(kind: kind, key: metadata.key) }
}

/// Names one object: kind, namespace and name.
public struct ObjectReference: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let kind: ObjectKind
    public let key: ObjectKey

    public init(kind: ObjectKind, key: ObjectKey) {
        self.kind = kind
        self.key = key
    }

    /// `Service default/web`.
    public var description: String { "\(kind.rawValue) \(key)" }

    public static func < (a: ObjectReference, b: ObjectReference) -> Bool {
        (a.kind, a.key) < (b.kind, b.key)
    }
}
