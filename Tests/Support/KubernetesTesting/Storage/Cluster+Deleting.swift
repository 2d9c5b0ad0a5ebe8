internal import KubernetesModel

extension Cluster {
    /// `metav1.DeleteOptions`, as far as the server knows them.
    struct Deletion: Sendable {
        var uid = ""
        var resourceVersion = ""
        /// Nil: the Pod's own.
        var gracePeriodSeconds: Int64?
        var isDryRun = false

        init() {}

        init(_ body: JSON?, _ query: [String: String]) {
            uid = body?[["preconditions", "uid"]]?.string ?? ""
            resourceVersion = body?[["preconditions", "resourceVersion"]]?.string ?? ""
            gracePeriodSeconds = body?["gracePeriodSeconds"]?.integer ?? query["gracePeriodSeconds"].flatMap { Int64($0) }
            isDryRun = query["dryRun"] == "All" || body?["dryRun"]?.array == ["All"]
        }
    }

    /// - Returns: the object as it was last, or as it stays until its finalizers or its grace period have gone.
    /// - Throws: ``APIFailure``.
    mutating func delete(
        _ type: ResourceType, _ namespace: String, _ name: String, _ options: Deletion = Deletion()
    ) throws -> (object: StoredObject, isGone: Bool) {
        let object = try get(type, namespace, name)
        for (what, wanted, found) in [
            ("UID", options.uid, object.uid), ("ResourceVersion", options.resourceVersion, String(object.version)),
        ] where !wanted.isEmpty && wanted != found {
            throw APIFailure.conflict(
                type, name, "Precondition failed: \(what) in precondition: \(wanted), \(what) in object meta: \(found)")
        }
        if type == .namespaces { try deleteContents(of: name) }
        let tree = object.tree
        let grace = options.gracePeriodSeconds ?? tree[["spec", "terminationGracePeriodSeconds"]]?.integer ?? 30
        let isBound = !(tree[["spec", "nodeName"]]?.string ?? "").isEmpty
        let terminates = type == .pods && settings.hasTerminatingPods && isBound && grace > 0
        if !terminates && !Self.isHeld(tree) { return (remove(object, type), true) }
        if tree[["metadata", "deletionTimestamp"]] != nil { return (object, false) }
        var marked = tree
        let seconds = terminates ? grace : 0
        var time = settings.now()
        time.seconds += seconds
        marked[["metadata", "deletionTimestamp"]] = .string(time.description)
        marked[["metadata", "deletionGracePeriodSeconds"]] = .integer(seconds)
        return (store(marked, type), false)
    }

    private mutating func deleteContents(of namespace: String) throws {
        for type in ResourceType.all where type.isNamespaced && type.storage == type {
            for object in table(type).objects where object.namespace == namespace {
                if table(type)[namespace, object.name] != nil { _ = remove(object, type) }
            }
        }
    }
}
