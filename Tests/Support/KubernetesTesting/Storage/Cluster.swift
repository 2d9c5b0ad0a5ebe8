internal import KubernetesModel
internal import NetworkTypes

/// The objects of a cluster, and what the API does with them: no network, no time but the one it is given.
struct Cluster: Sendable {
    let settings: ClusterSettings
    /// Of the last change of anything.
    private(set) var version: UInt64 = 1
    private var tables: [ResourceType: ResourceTable] = [:]
    var allocator: ServiceAllocator

    init(_ settings: ClusterSettings) {
        self.settings = settings
        allocator = ServiceAllocator(ranges: settings.serviceRanges, nodePorts: settings.nodePorts)
        for type in ResourceType.all where type.storage == type {
            tables[type] = ResourceTable(historyLimit: settings.historyLimit, version: version)
        }
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            _ = try? create(["metadata": ["name": .string(name)]], .namespaces, namespace: "")
        }
        _ = try? put(Self.serviceCIDR(settings), .serviceCIDRs)
    }

    /// As the API server writes it when it starts.
    private static func serviceCIDR(_ settings: ClusterSettings) -> JSON {
        let ready: JSON = [
            "type": "Ready", "status": "True", "lastTransitionTime": .string(settings.now().description), "reason": "",
            "message": "Kubernetes Service CIDR is ready",
        ]
        return [
            "metadata": ["name": "kubernetes", "finalizers": ["networking.k8s.io/service-cidr-finalizer"]],
            "spec": ["cidrs": .array(settings.serviceRanges.map { .string($0.description) })],
            "status": ["conditions": [ready]],
        ]
    }

    func table(_ type: ResourceType) -> ResourceTable {
        tables[type.storage] ?? ResourceTable(historyLimit: settings.historyLimit, version: version)
    }

    func get(_ type: ResourceType, _ namespace: String, _ name: String) throws -> StoredObject {
        guard let object = tables[type.storage]?[namespace, name] else { throw APIFailure.notFound(type, name) }
        return object
    }

    /// Watches and lists from before now are told that it is too long ago.
    mutating func compact() {
        for type in tables.keys { tables[type]?.compact(at: version) }
    }

    /// Writes a state of an object at the next version.
    mutating func store(_ tree: JSON, _ type: ResourceType) -> StoredObject {
        let object = stamped(tree)
        tables[type.storage]?.set(object)
        return object
    }

    /// Takes an object away at the next version.
    mutating func remove(_ object: StoredObject, _ type: ResourceType) -> StoredObject {
        let last = stamped(object.tree)
        tables[type.storage]?.remove(object, last: last)
        if type == .services {
            allocator.release(owner: object.key)
            if let endpoints = tables[.endpoints]?[object.namespace, object.name] { _ = remove(endpoints, .endpoints) }
        }
        return last
    }

    private mutating func stamped(_ tree: JSON) -> StoredObject {
        version += 1
        var tree = tree
        tree[["metadata", "resourceVersion"]] = .string(String(version))
        return StoredObject(tree, version: version)
    }
}
