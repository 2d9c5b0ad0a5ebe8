internal import KubernetesModel

/// A request, as far as its line tells what is wanted of which resource.
package struct APIRequest: Sendable {
    /// As RBAC names it.
    package enum Verb: String, Sendable, Hashable, CaseIterable {
        case get, list, watch, create, update, patch, delete
        case deleteCollection = "deletecollection"
    }

    package enum PatchKind: String, Sendable, Hashable {
        case json = "application/json-patch+json"
        case merge = "application/merge-patch+json"
        case strategic = "application/strategic-merge-patch+json"
        case apply = "application/apply-patch+yaml"
    }

    package var verb: Verb
    package var type: ResourceType
    /// Empty: all, or a resource that has none.
    package var namespace: String
    /// Empty: the collection.
    package var name: String
    /// `status`; empty: the object itself.
    package var subresource: String
    package var query: [String: String]

    package var isDryRun: Bool { query["dryRun"] == "All" }

    /// Nil: the path is no resource's.
    ///
    /// - Throws: ``APIFailure``.
    init?(method: String, path: String, query: [String: String]) throws {
        var parts = path.split(separator: "/").map { String($0) }
        guard parts.count >= 3, let root = parts.first else { return nil }
        let group: String
        switch root {
        case "api": group = ""
        case "apis":
            group = parts[1]
            parts.removeFirst()
            guard ResourceType.all.contains(where: { $0.group == group }) else { return nil }
        default: return nil
        }
        guard parts.count >= 3 else { return nil }
        let version = parts[1]
        parts.removeFirst(2)
        namespace = ""
        if parts[0] == "namespaces", parts.count > 2, parts[2] != "status", parts[2] != "finalize" {
            namespace = parts[1]
            parts.removeFirst(2)
        }
        let plural = parts[0]
        guard parts.count <= 3,
            let type = ResourceType.all.first(where: { $0.group == group && $0.version == version && $0.plural == plural })
        else { throw APIFailure.noSuchPath }
        self.type = type
        name = parts.count > 1 ? parts[1] : ""
        subresource = parts.count > 2 ? parts[2] : ""
        self.query = query
        let isKnown = subresource.isEmpty || subresource == "status" && type.traits.contains(.status)
        guard isKnown, namespace.isEmpty || type.isNamespaced else { throw APIFailure.noSuchPath }
        guard let verb = Self.verb(method, ofObject: !name.isEmpty, query) else {
            throw APIFailure(
                code: 405, reason: "MethodNotAllowed", message: "the server does not allow this method on the requested resource",
                details: [:])
        }
        self.verb = verb
    }

    private static func verb(_ method: String, ofObject: Bool, _ query: [String: String]) -> Verb? {
        switch (method, ofObject) {
        case ("GET", _) where ["true", "1"].contains(query["watch"]): .watch
        case ("GET", true): .get
        case ("GET", false): .list
        case ("POST", false): .create
        case ("PUT", true): .update
        case ("PATCH", true): .patch
        case ("DELETE", true): .delete
        case ("DELETE", false): .deleteCollection
        default: nil
        }
    }
}

/// Which objects a list, a watch or a deletion of a collection means.
struct ObjectFilter: Sendable {
    private let namespace: String
    private let labels: LabelSelector?
    private let fields: FieldSelector

    var isEverything: Bool { namespace.isEmpty && !isSelective }
    /// By more than the namespace.
    var isSelective: Bool { labels != nil || !fields.requirements.isEmpty }

    /// - Throws: ``APIFailure`` 400.
    init(_ request: APIRequest) throws {
        namespace = request.namespace
        let text = request.query["labelSelector"] ?? ""
        do {
            labels = try text.isEmpty ? nil : LabelSelector(parsing: text)
        } catch {
            throw APIFailure.badRequest("unable to parse requirement: \(error)")
        }
        var fields = try FieldSelector(parsing: request.query["fieldSelector"] ?? "", of: request.type)
        if !request.name.isEmpty {
            fields.requirements.append(.init(field: "metadata.name", isEqual: true, value: request.name))
        }
        self.fields = fields
    }

    /// Behind all objects of the namespace, in the order of keys.
    func isPast(_ object: StoredObject) -> Bool { !namespace.isEmpty && object.key > namespace + "0" }

    func matches(_ object: StoredObject) -> Bool {
        (namespace.isEmpty || object.namespace == namespace) && (labels?.matches(object.labels) ?? true)
            && fields.matches(object)
    }
}
