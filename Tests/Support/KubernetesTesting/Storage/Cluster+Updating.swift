internal import KubernetesModel

extension Cluster {
    /// What of an object a write means.
    enum Part: Sendable {
        case object, status
    }

    /// - Parameter mayCreate: of PUT, where the resource has it so.
    /// - Throws: ``APIFailure``.
    mutating func update(
        _ tree: JSON, _ type: ResourceType, _ namespace: String, _ name: String, part: Part = .object
    ) throws -> (object: StoredObject, isNew: Bool) {
        let tree = try EventFaces.stored(tree, type)
        if let own = tree[["metadata", "name"]]?.string, own != name {
            throw APIFailure.badRequest("the name of the object (\(own)) does not match the name on the URL (\(name))")
        }
        guard let old = table(type)[namespace, name] else {
            guard type.traits.contains(.createdByUpdate), part == .object else { throw APIFailure.notFound(type, name) }
            var new = tree
            new[["metadata", "name"]] = .string(name)
            new[["metadata", "resourceVersion"]] = nil
            return (try create(new, type.storage, namespace: namespace), true)
        }
        return (try replace(old, by: tree, type, part: part), false)
    }

    /// A patch never makes an object, but for server-side apply.
    mutating func patch(
        _ patch: JSON, _ kind: APIRequest.PatchKind, _ type: ResourceType, _ namespace: String, _ name: String, part: Part
    ) throws -> (object: StoredObject, isNew: Bool) {
        guard let old = table(type)[namespace, name] else {
            guard kind == .apply, part == .object else { throw APIFailure.notFound(type, name) }
            return (try create(patch, type, namespace: namespace), true)
        }
        var tree = EventFaces.shown(old.tree, type)
        tree["kind"] = .string(type.kind)
        tree["apiVersion"] = .string(type.apiVersion)
        switch kind {
        case .json: tree = try JSONPatch.apply(patch, to: tree)
        case .merge: tree = MergePatch.apply(patch, to: tree)
        // Lists are replaced: what another manager wrote into them is not known.
        case .apply: tree = MergePatch.apply(patch, to: tree)
        case .strategic: tree = try StrategicMergePatch.apply(patch, to: tree, kind: type.kind)
        }
        return (try replace(old, by: try EventFaces.stored(tree, type), type, part: part), false)
    }

    private mutating func replace(
        _ old: StoredObject, by given: JSON, _ type: ResourceType, part: Part
    ) throws -> StoredObject {
        try checkVersion(given, old, type)
        let before = old.tree
        var tree = given
        tree["kind"] = nil
        tree["apiVersion"] = nil
        for key in Set(before.object?.keys ?? []).union(tree.object?.keys ?? []) where key != "metadata" {
            let isWritten = (key == "status") == (part == .status)
            if !isWritten && (part == .status || type.traits.contains(.status)) && !(settings.keepsStatus && tree[key] != nil) {
                tree[key] = before[key]
            }
        }
        tree["metadata"] = Self.metadata(given["metadata"] ?? .emptyObject, before: before["metadata"] ?? .emptyObject)
        Defaults.apply(to: &tree, type)
        var allocator = allocator
        if type == .services { try allocator.allocate(&tree, before: before, owner: old.key) }
        try Validation.check(tree, type, old.name, before: before)
        if type.traits.contains(.generation), Self.specification(tree) != Self.specification(before) {
            tree[["metadata", "generation"]] = .integer((before[["metadata", "generation"]]?.integer ?? 0) + 1)
        }
        self.allocator = allocator
        if tree == before { return old }
        if tree[["metadata", "deletionTimestamp"]] != nil, !Self.isHeld(tree), before[["metadata", "finalizers"]] != nil {
            return remove(old, type)
        }
        return store(tree, type)
    }

    private func checkVersion(_ given: JSON, _ old: StoredObject, _ type: ResourceType) throws {
        let uid = given[["metadata", "uid"]]?.string ?? ""
        if !uid.isEmpty, uid != old.uid {
            throw APIFailure.conflict(
                type, old.name, "Precondition failed: UID in precondition: \(uid), UID in object meta: \(old.uid)")
        }
        let version = given[["metadata", "resourceVersion"]]?.string ?? ""
        if version.isEmpty, type.traits.contains(.versionedUpdate) {
            throw APIFailure.invalid(
                type, old.name, [FieldFault("metadata.resourceVersion", "Invalid value: 0: must be specified for an update")])
        }
        if !version.isEmpty, version != String(old.version) { throw APIFailure.conflict(type, old.name) }
    }

    /// What only the server writes is taken from what was.
    private static func metadata(_ given: JSON, before: JSON) -> JSON {
        var metadata = before
        let own = [
            "name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation", "deletionTimestamp",
            "deletionGracePeriodSeconds", "selfLink", "managedFields", "generateName",
        ]
        for key in before.object?.keys ?? [] where !own.contains(key) { metadata[key] = nil }
        for member in given.object?.members ?? [] where !own.contains(member.key) {
            let isEmpty = member.value.isNull || member.value == .emptyObject || member.value == .array([])
            metadata[member.key] = isEmpty ? nil : member.value
        }
        return metadata
    }

    /// Everything that counts as a generation.
    private static func specification(_ tree: JSON) -> JSON {
        var tree = tree
        tree["metadata"] = nil
        tree["status"] = nil
        return tree
    }

    /// A finalizer keeps it from going.
    static func isHeld(_ tree: JSON) -> Bool { !(tree[["metadata", "finalizers"]]?.array ?? []).isEmpty }
}
