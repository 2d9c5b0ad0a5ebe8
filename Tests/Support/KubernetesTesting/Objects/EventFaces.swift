/// Events are kept in the form of the core group and shown in that of `events.k8s.io`, too.
enum EventFaces {
    private static let names: [(core: String, face: String)] = [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"),
        ("count", "deprecatedCount"), ("reportingComponent", "reportingController"),
    ]

    static func shown(_ tree: JSON, _ type: ResourceType) -> JSON {
        guard type != type.storage else { return tree }
        return renamed(tree) { name in names.first { $0.core == name }?.face }
    }

    static func stored(_ tree: JSON, _ type: ResourceType) throws -> JSON {
        guard type != type.storage else { return tree }
        if let version = tree["apiVersion"]?.string, version != type.apiVersion {
            throw APIFailure.badRequest("\(type.kind) in version \"\(type.version)\" cannot be handled as a \(type.kind): apiVersion is \(version)")
        }
        var result = renamed(tree) { name in names.first { $0.face == name }?.core }
        result["apiVersion"] = nil
        return result
    }

    private static func renamed(_ tree: JSON, _ name: (String) -> String?) -> JSON {
        .object(JSONObject((tree.object?.members ?? []).map { (key: name($0.key) ?? $0.key, value: $0.value) }))
    }
}
