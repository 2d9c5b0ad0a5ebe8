package import KubernetesModel

/// A resource of the Kubernetes API that Fairway reads or writes: where it is in the URL, and the kind of its objects.
package struct APIResource: Sendable, Hashable, CustomStringConvertible {
    /// Empty for the core group.
    package let group: String
    package let version: String
    /// As in the URL: `endpointslices`.
    package let plural: String
    /// `EndpointSlice`.
    package let kind: String
    package let isNamespaced: Bool

    package init(group: String, version: String, plural: String, kind: String, isNamespaced: Bool) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.isNamespaced = isNamespaced
    }

    /// The resource of a kind of object.
    package init(_ kind: ObjectKind) {
        switch kind {
        case .service: self.init(core: "services", "Service")
        case .pod: self.init(core: "pods", "Pod")
        case .endpoints: self.init(core: "endpoints", "Endpoints")
        case .endpointSlice:
            self.init(
                group: "discovery.k8s.io", version: "v1", plural: "endpointslices", kind: "EndpointSlice",
                isNamespaced: true)
        case .node: self.init(core: "nodes", "Node", isNamespaced: false)
        case .namespace: self.init(core: "namespaces", "Namespace", isNamespaced: false)
        case .serviceCIDR:
            self.init(
                group: "networking.k8s.io", version: "v1", plural: "servicecidrs", kind: "ServiceCIDR",
                isNamespaced: false)
        }
    }

    private init(core plural: String, _ kind: String, isNamespaced: Bool = true) {
        self.init(group: "", version: "v1", plural: plural, kind: kind, isNamespaced: isNamespaced)
    }

    /// `coordination.k8s.io/v1` Lease.
    package static let leases = APIResource(
        group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", isNamespaced: true)
    /// `events.k8s.io/v1` Event.
    package static let events = APIResource(
        group: "events.k8s.io", version: "v1", plural: "events", kind: "Event", isNamespaced: true)

    /// `v1`, `discovery.k8s.io/v1`.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The path of the collection, or of one object in it: `/apis/discovery.k8s.io/v1/namespaces/NS/endpointslices/NAME`.
    ///
    /// - Parameters:
    ///   - namespace: empty: all namespaces, or a resource that has none.
    ///   - name: empty: the collection.
    package func path(namespace: String = "", name: String = "") -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if isNamespaced && !namespace.isEmpty { path += "/namespaces/\(namespace)" }
        path += "/\(plural)"
        if !name.isEmpty { path += "/\(name)" }
        return path
    }

    /// `endpointslices.discovery.k8s.io`, as RBAC and kubectl write it.
    package var description: String { group.isEmpty ? plural : "\(plural).\(group)" }
}
