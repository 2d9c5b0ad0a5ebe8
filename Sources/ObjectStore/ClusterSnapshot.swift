public import KubernetesModel
internal import HashTreeCollections

/// Every object the store held at one moment. A value: copying is O(1), and later changes of the
/// store never show through.
public struct ClusterSnapshot: Sendable {
    public internal(set) var services = ObjectTable<Service>()
    public internal(set) var pods = ObjectTable<Pod>()
    public internal(set) var endpoints = ObjectTable<Endpoints>()
    public internal(set) var endpointSlices = ObjectTable<EndpointSlice>()
    public internal(set) var nodes = ObjectTable<Node>()
    public internal(set) var namespaces = ObjectTable<Namespace>()
    public internal(set) var serviceCIDRs = ObjectTable<ServiceCIDR>()

    /// Slices by the Service their label names; names sorted.
    var sliceNamesByService: TreeDictionary<ObjectKey, [String]> = [:]

    public init() {}

    /// Keys of the EndpointSlices labelled with this Service, sorted by name. O(log n + slices).
    public func sliceKeys(ofService key: ObjectKey) -> [ObjectKey] {
        (sliceNamesByService[key] ?? []).map { ObjectKey(namespace: key.namespace, name: $0) }
    }

    /// The EndpointSlices labelled with this Service, sorted by name. O(log n + slices).
    public func slices(ofService key: ObjectKey) -> [EndpointSlice] {
        sliceKeys(ofService: key).compactMap { endpointSlices[$0] }
    }

    /// The object a reference names, nil when the store has none.
    public subscript(reference: ObjectReference) -> KubernetesObject? {
        let key = reference.key
        return switch reference.kind {
        case .service: services.object(key)
        case .pod: pods.object(key)
        case .endpoints: endpoints.object(key)
        case .endpointSlice: endpointSlices.object(key)
        case .node: nodes.object(key)
        case .namespace: namespaces.object(key)
        case .serviceCIDR: serviceCIDRs.object(key)
        }
    }

    func isEmpty(of kind: ObjectKind) -> Bool {
        switch kind {
        case .service: services.isEmpty
        case .pod: pods.isEmpty
        case .endpoints: endpoints.isEmpty
        case .endpointSlice: endpointSlices.isEmpty
        case .node: nodes.isEmpty
        case .namespace: namespaces.isEmpty
        case .serviceCIDR: serviceCIDRs.isEmpty
        }
    }

    /// Keys of every object of a kind, in no particular order. O(n).
    public func keys(of kind: ObjectKind) -> [ObjectKey] {
        switch kind {
        case .service: Array(services.keys)
        case .pod: Array(pods.keys)
        case .endpoints: Array(endpoints.keys)
        case .endpointSlice: Array(endpointSlices.keys)
        case .node: Array(nodes.keys)
        case .namespace: Array(namespaces.keys)
        case .serviceCIDR: Array(serviceCIDRs.keys)
        }
    }
}
