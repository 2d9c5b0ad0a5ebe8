internal import FoundationEssentials
package import KubernetesModel
internal import KubernetesWire

/// Objects, past HTTP.
extension TestAPIServer {
    /// Of the last change of anything.
    package var resourceVersion: UInt64 { state.read { $0.version } }

    /// Puts an object as it is, with its status, over what is there: as if the components of a cluster had written their
    /// parts of it. Its namespace is made if there is none.
    ///
    /// - Returns: the object as it is stored.
    @discardableResult
    package func put(_ tree: JSON, _ type: ResourceType) throws -> JSON {
        try state.write { try $0.put(tree, type).tree }
    }

    @discardableResult
    package func put(_ object: KubernetesObject) throws -> JSON {
        let type = try Self.type(of: APIResource(object.kind))
        return try put(JSON(parsing: Array(try JSONEncoder().encode(object))), type)
    }

    /// By the `kind` and `apiVersion` in it.
    @discardableResult
    package func put(_ tree: JSON) throws -> JSON {
        let (kind, version) = (tree["kind"]?.string, tree["apiVersion"]?.string)
        guard let type = ResourceType.all.first(where: { $0.kind == kind && $0.apiVersion == version }) else {
            throw APIFailure.badRequest("no kind \(kind ?? "") of \(version ?? "")")
        }
        return try put(tree, type)
    }

    /// Nil: there is none.
    package func get(_ type: ResourceType, _ namespace: String, _ name: String) -> JSON? {
        state.read { $0.table(type)[namespace, name]?.tree }
    }

    /// All of a resource, in the order of a list.
    package func list(_ type: ResourceType) -> [JSON] { state.read { $0.table(type).objects }.map(\.tree) }

    package func count(_ type: ResourceType) -> Int { state.read { $0.table(type).objects.count } }

    /// Changes an object by a JSON merge patch, status included.
    @discardableResult
    package func change(_ type: ResourceType, _ namespace: String, _ name: String, _ patch: JSON) throws -> JSON {
        try state.write { cluster in
            let tree = try cluster.get(type, namespace, name).tree
            return try cluster.put(MergePatch.apply(patch, to: tree), type).tree
        }
    }

    package func delete(_ type: ResourceType, _ namespace: String, _ name: String) throws {
        _ = try state.write { try $0.delete(type, namespace, name).isGone }
    }

    static func type(of resource: APIResource) throws -> ResourceType {
        guard let type = ResourceType.of(resource) else { throw APIFailure.noSuchPath }
        return type
    }
}
