/// A type that is one case of ``KubernetesObject``.
public protocol KubernetesKind: Sendable, Hashable {
    /// Nil for an object of another kind.
    init?(_ object: KubernetesObject)
    /// As the case; an allocation.
    var object: KubernetesObject { get }
}

extension Service: KubernetesKind {
    public init?(_ object: KubernetesObject) {
        guard case .service(let value) = object else { return nil }
        self = value
    }

    public var object: KubernetesObject { .service(self) }
}

extension Pod: KubernetesKind {
    public init?(_ object: KubernetesObject) {
        guard case .pod(let value) = object else { return nil }
        self = value
    }

    public var object: KubernetesObject { .pod(self) }
}

extension Endpoints: KubernetesKind {
    public init?(_ object: KubernetesObject) {
        guard case .endpoints(let value) = object else { return nil }
        self = value
    }

    public var object: KubernetesObject { .endpoints(self) }
}

extension EndpointSlice: KubernetesKind {
    public init?(_ object: KubernetesObject) {
        guard case .endpointSlice(let value) = object else { return nil }
        self = value
    }

    public var object: KubernetesObject { .endpointSlice(self) }
}

extension Node: KubernetesKind {
    public init?(_ object: KubernetesObject) {
        guard case .node(let value) = object else { return nil }
        self = value
    }

    public var object: KubernetesObject { .node(self) }
}

extension Namespace: KubernetesKind {
    public init?(_ object: KubernetesObject) {
        guard case .namespace(let value) = object else { return nil }
        self = value
    }

    public var object: KubernetesObject { .namespace(self) }
}

extension ServiceCIDR: KubernetesKind {
    public init?(_ object: KubernetesObject) {
        guard case .serviceCIDR(let value) = object else { return nil }
        self = value
    }

    public var object: KubernetesObject { .serviceCIDR(self) }
}
