package import KubernetesWire

/// A resource that the server has: where it is in the API, and what the server does with its objects.
package struct ResourceType: Sendable, Hashable, CustomStringConvertible {
    package struct Traits: OptionSet, Sendable, Hashable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }

        static let namespaced = Traits(rawValue: 1)
        /// `/status` is a resource of its own, and a write to the object leaves its status alone.
        static let status = Traits(rawValue: 2)
        /// `metadata.generation` counts changes of everything but metadata and status.
        static let generation = Traits(rawValue: 4)
        /// PUT makes an object that is not there.
        static let createdByUpdate = Traits(rawValue: 8)
        /// PUT must name the version it replaces.
        static let versionedUpdate = Traits(rawValue: 16)
        /// A new object keeps the status it is sent with.
        static let statusOnCreation = Traits(rawValue: 32)
        /// DELETE answers with the object, not with a Status.
        static let deletionAnswersObject = Traits(rawValue: 64)
    }

    package let group: String
    package let version: String
    package let plural: String
    package let singular: String
    package let kind: String
    package let shortNames: [String]
    package let traits: Traits
    /// Of the table that kubectl prints, behind the name and before the age.
    let columns: [TableColumn]

    init(
        _ plural: String, _ kind: String, _ shortNames: [String] = [], group: String = "", version: String = "v1",
        _ traits: Traits, columns: [TableColumn] = []
    ) {
        self.group = group
        self.version = version
        self.plural = plural
        self.singular = kind.lowercased()
        self.kind = kind
        self.shortNames = shortNames
        self.traits = traits
        self.columns = columns
    }

    package var isNamespaced: Bool { traits.contains(.namespaced) }
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    /// `services`, `endpointslices.discovery.k8s.io`.
    package var description: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// Events are kept once, and have two faces.
    var storage: ResourceType { self == .events ? .coreEvents : self }

    /// Of Fairway's own table.
    package static func of(_ resource: APIResource) -> ResourceType? {
        all.first { $0.group == resource.group && $0.plural == resource.plural && $0.version == resource.version }
    }

    package static func == (a: ResourceType, b: ResourceType) -> Bool { a.group == b.group && a.plural == b.plural }
    package func hash(into hasher: inout Hasher) { hasher.combine(plural) }
}

extension ResourceType {
    package static let services = ResourceType(
        "services", "Service", ["svc"], [.namespaced, .status, .createdByUpdate, .deletionAnswersObject],
        columns: [.serviceType, .clusterIP, .externalIP, .servicePorts])
    package static let pods = ResourceType(
        "pods", "Pod", ["po"], [.namespaced, .status, .generation, .deletionAnswersObject],
        columns: [.podReady, .podStatus, .podRestarts])
    package static let endpoints = ResourceType(
        "endpoints", "Endpoints", ["ep"], [.namespaced, .createdByUpdate], columns: [.endpoints])
    package static let nodes = ResourceType(
        "nodes", "Node", ["no"], [.status, .statusOnCreation], columns: [.nodeStatus])
    package static let namespaces = ResourceType(
        "namespaces", "Namespace", ["ns"], [.status, .deletionAnswersObject], columns: [.phase])
    package static let coreEvents = ResourceType(
        "events", "Event", ["ev"], [.namespaced, .createdByUpdate],
        columns: [.eventType, .eventReason, .eventObject, .eventMessage])
    package static let endpointSlices = ResourceType(
        "endpointslices", "EndpointSlice", group: "discovery.k8s.io", [.namespaced, .generation],
        columns: [.addressType, .slicePorts, .sliceEndpoints])
    package static let serviceCIDRs = ResourceType(
        "servicecidrs", "ServiceCIDR", group: "networking.k8s.io", [.status], columns: [.cidrs])
    package static let leases = ResourceType(
        "leases", "Lease", group: "coordination.k8s.io", [.namespaced, .createdByUpdate, .versionedUpdate],
        columns: [.holder])
    package static let events = ResourceType(
        "events", "Event", ["ev"], group: "events.k8s.io", [.namespaced, .createdByUpdate],
        columns: [.eventType, .eventReason, .eventObject, .eventMessage])

    /// Kinds that are kept and handed out, and mean nothing to the server: what manifests bring along.
    private static let plain = [
        ResourceType("configmaps", "ConfigMap", ["cm"], [.namespaced]),
        ResourceType("secrets", "Secret", [], [.namespaced]),
        ResourceType("serviceaccounts", "ServiceAccount", ["sa"], [.namespaced]),
        ResourceType("deployments", "Deployment", ["deploy"], group: "apps", [.namespaced, .status, .generation]),
        ResourceType("daemonsets", "DaemonSet", ["ds"], group: "apps", [.namespaced, .status, .generation]),
        ResourceType("clusterroles", "ClusterRole", group: "rbac.authorization.k8s.io", Traits()),
        ResourceType("clusterrolebindings", "ClusterRoleBinding", group: "rbac.authorization.k8s.io", Traits()),
        ResourceType("roles", "Role", group: "rbac.authorization.k8s.io", [.namespaced]),
        ResourceType("rolebindings", "RoleBinding", group: "rbac.authorization.k8s.io", [.namespaced]),
    ]

    /// In the order of discovery.
    package static let all =
        [
            services, pods, endpoints, nodes, namespaces, coreEvents, endpointSlices, serviceCIDRs, leases, events,
        ] + plain
}
