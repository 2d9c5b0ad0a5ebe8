/// RFC 7386: members of the patch replace, null removes.
enum MergePatch {
    static func apply(_ patch: JSON, to target: JSON?) -> JSON {
        guard case .object(let changes) = patch else { return patch }
        var result = target?.object ?? JSONObject()
        for (key, value) in changes.members {
            result[key] = value.isNull ? nil : apply(value, to: result[key])
        }
        return .object(result)
    }
}
