/// `metadata.name=a,spec.nodeName!=b`.
struct FieldSelector: Sendable {
    struct Requirement: Sendable {
        var field: String
        var isEqual: Bool
        var value: String
    }

    var requirements: [Requirement] = []

    private static let ofAll: Set<String> = ["metadata.name", "metadata.namespace"]
    private static let involved = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"]
    private static let ofKind: [String: Set<String>] = [
        "Pod": [
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
            "status.phase", "status.podIP", "status.nominatedNodeName",
        ],
        "Service": ["spec.clusterIP", "spec.type"],
        "Node": ["spec.unschedulable"],
        "Namespace": ["status.phase"],
        "Event": Set(involved.map { "involvedObject.\($0)" } + ["reason", "type", "source", "reportingComponent"]),
        "Secret": ["type"],
    ]

    /// - Throws: ``APIFailure`` 400 for what does not parse, and for fields the kind does not have.
    init(parsing text: String, of type: ResourceType) throws {
        for part in text.split(separator: ",") {
            guard let sign = part.firstIndex(of: "=") else {
                throw APIFailure.badRequest("invalid selector: '\(text)'; can't understand '\(part)'")
            }
            let isEqual = part[..<sign].last != "!"
            let field = String(part[..<sign].dropLast(isEqual ? 0 : 1))
            let rest = part[part.index(after: sign)...]
            let value = String(rest.first == "=" && isEqual ? rest.dropFirst() : rest)
            guard Self.ofAll.contains(field) || Self.ofKind[type.kind]?.contains(field) ?? false else {
                throw APIFailure.badRequest("Unable to find \"\(type.apiVersion), Resource=\(type.plural)\" that match label selector \"\", field selector \"\(text)\": field label not supported: \(field)")
            }
            requirements.append(Requirement(field: field, isEqual: isEqual, value: value))
        }
    }

    func matches(_ object: StoredObject) -> Bool {
        requirements.allSatisfy { (object.field($0.field) == $0.value) == $0.isEqual }
    }
}
