internal import KubernetesModel

extension Cluster {
    /// Puts an object as it is, status and deletion included, over what is there: as if all the components of a cluster had
    /// written their parts of it. Nothing is checked.
    mutating func put(_ tree: JSON, _ type: ResourceType) throws -> StoredObject {
        var tree = try EventFaces.stored(tree, type)
        tree["kind"] = nil
        tree["apiVersion"] = nil
        let namespace = tree[["metadata", "namespace"]]?.string ?? ""
        let name = tree[["metadata", "name"]]?.string ?? ""
        let old = table(type)[namespace, name]
        if old == nil, type.isNamespaced, table(.namespaces)["", namespace] == nil {
            _ = try create(["metadata": ["name": .string(namespace)]], .namespaces, namespace: "")
        }
        let before = old?.tree
        for key in ["uid", "creationTimestamp", "generation"] where tree[["metadata", key]]?.string ?? "" == "" {
            tree[["metadata", key]] = before?[["metadata", key]]
        }
        if before == nil {
            tree[["metadata", "creationTimestamp"]] =
                tree[["metadata", "creationTimestamp"]] ?? .string(settings.now().description)
            if type.traits.contains(.generation) { tree[["metadata", "generation"]] = 1 }
            if tree[["metadata", "uid"]] == nil { tree[["metadata", "uid"]] = .string(Self.newUID()) }
        } else if type.traits.contains(.generation) {
            tree[["metadata", "generation"]] = .integer((before?[["metadata", "generation"]]?.integer ?? 0) + 1)
        }
        Defaults.apply(to: &tree, type)
        if type == .services {
            try allocator.allocate(&tree, before: before, owner: namespace.isEmpty ? name : "\(namespace)/\(name)")
        }
        return store(tree, type)
    }
}
