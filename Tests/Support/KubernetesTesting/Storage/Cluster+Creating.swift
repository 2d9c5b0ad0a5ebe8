internal import KubernetesModel

extension Cluster {
    /// - Throws: ``APIFailure``.
    mutating func create(_ tree: JSON, _ type: ResourceType, namespace: String) throws -> StoredObject {
        var tree = try EventFaces.stored(tree, type)
        try Self.checkHead(tree, type, namespace)
        let name = try newName(tree, type)
        if let version = tree[["metadata", "resourceVersion"]]?.string, !version.isEmpty {
            throw APIFailure(
                code: 500, reason: "InternalError", message: "resourceVersion should not be set on objects to be created")
        }
        if type.isNamespaced && settings.requiresNamespaces { _ = try get(.namespaces, "", namespace) }
        if table(type)[namespace, name] != nil { throw APIFailure.alreadyExists(type, name) }

        tree["metadata"] = newMetadata(tree["metadata"] ?? .emptyObject, type, namespace, name)
        if type.traits.contains(.status), !type.traits.contains(.statusOnCreation), !settings.keepsStatus {
            tree["status"] = nil
        }
        Defaults.apply(to: &tree, type)
        let owner = "\(namespace)/\(name)"
        if type == .services { try allocator.allocate(&tree, before: nil, owner: owner) }
        do {
            try Validation.check(tree, type, name)
        } catch {
            if type == .services { allocator.release(owner: owner) }
            throw error
        }
        return store(tree, type)
    }

    private static func checkHead(_ tree: JSON, _ type: ResourceType, _ namespace: String) throws {
        guard tree.object != nil else { throw APIFailure.badRequest("the body is no object") }
        for (field, wanted) in [("kind", type.kind), ("apiVersion", type.storage.apiVersion)] {
            guard let value = tree[field]?.string, value != wanted else { continue }
            throw APIFailure.badRequest(
                "\(type.kind) in version \"\(type.version)\" cannot be handled as a \(type.kind): \(field) is \(value)")
        }
        let own = tree[["metadata", "namespace"]]?.string ?? ""
        if type.isNamespaced, !own.isEmpty, own != namespace {
            throw APIFailure.badRequest(
                "the namespace of the provided object does not match the namespace sent on the request")
        }
        if type.isNamespaced && namespace.isEmpty {
            throw APIFailure.badRequest("an empty namespace may not be set during creation")
        }
    }

    /// What the API server makes generated names of: no vowels, so that they spell no words.
    private static let nameLetters = Array("bcdfghjklmnpqrstvwxz2456789")

    private func newName(_ tree: JSON, _ type: ResourceType) throws -> String {
        if let name = tree[["metadata", "name"]]?.string, !name.isEmpty { return name }
        guard let prefix = tree[["metadata", "generateName"]]?.string, !prefix.isEmpty else {
            throw APIFailure.invalid(
                type, "", [FieldFault("metadata.name", "Required value: name or generateName is required")])
        }
        return prefix.prefix(58) + String((0..<5).compactMap { _ in Self.nameLetters.randomElement() })
    }

    private func newMetadata(_ given: JSON, _ type: ResourceType, _ namespace: String, _ name: String) -> JSON {
        var metadata: JSON = ["name": .string(name)]
        if type.isNamespaced { metadata["namespace"] = .string(namespace) }
        metadata["uid"] = .string(Self.newUID())
        metadata["resourceVersion"] = ""
        if type.traits.contains(.generation) { metadata["generation"] = 1 }
        metadata["creationTimestamp"] = .string(settings.now().description)
        let own = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation", "selfLink", "managedFields"]
        for member in given.object?.members ?? [] where !own.contains(member.key) && !member.value.isNull {
            metadata[member.key] = member.value
        }
        metadata["deletionTimestamp"] = settings.keepsStatus ? given["deletionTimestamp"] : nil
        return metadata
    }

    static func newUID() -> String {
        let bits = UInt128.random(in: 0...UInt128.max)
        var digits = Array(String(repeating: "0", count: 32) + String(bits, radix: 16)).suffix(32).map(\.self)
        digits[12] = "4"
        for place in [20, 16, 12, 8] { digits.insert("-", at: place) }
        return String(digits)
    }
}
