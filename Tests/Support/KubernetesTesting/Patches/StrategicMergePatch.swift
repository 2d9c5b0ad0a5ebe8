/// The strategic merge patch of the Kubernetes API: lists of objects are merged by a key of their elements, where the type
/// of the list has one; directives (`$patch`, `$deleteFromPrimitiveList/...`, `$setElementOrder/...`, `$retainKeys`) say more.
enum StrategicMergePatch {
    static func apply(_ patch: JSON, to target: JSON?, kind: String) throws -> JSON {
        try merge(patch, into: target, MergeKeys(kind: kind), path: [])
    }

    private static func merge(_ patch: JSON, into target: JSON?, _ keys: MergeKeys, path: [String]) throws -> JSON {
        guard case .object(var changes) = patch else { return patch }
        switch changes["$patch"]?.string {
        case "replace":
            changes["$patch"] = nil
            return .object(changes)
        case "delete": return .emptyObject
        default: changes["$patch"] = nil
        }
        var result = target?.object ?? JSONObject()
        if let retained = changes["$retainKeys"]?.array?.compactMap(\.string) {
            for key in result.keys where !retained.contains(key) { result[key] = nil }
        }
        for (key, value) in changes.members {
            if key.hasPrefix("$setElementOrder/") || key == "$retainKeys" { continue }
            if key.hasPrefix("$deleteFromPrimitiveList/") {
                let name = String(key.dropFirst("$deleteFromPrimitiveList/".count))
                let gone = value.array ?? []
                if let kept = result[name]?.array?.filter({ !gone.contains($0) }) { result[name] = .array(kept) }
                continue
            }
            result[key] = value.isNull ? nil : try member(value, result[key], keys, path: path + [key])
        }
        for (key, order) in changes.members where key.hasPrefix("$setElementOrder/") {
            let name = String(key.dropFirst("$setElementOrder/".count))
            result[name] = sorted(result[name], by: order, key: keys.key(of: path + [name]))
        }
        return .object(result)
    }

    private static func member(_ patch: JSON, _ target: JSON?, _ keys: MergeKeys, path: [String]) throws -> JSON {
        guard case .array(let changes) = patch else { return try merge(patch, into: target, keys, path: path) }
        // Two ports of one number, one for TCP and one for UDP: the key does not tell them apart.
        if let key = keys.key(of: path), Set(changes.map { $0[key] ?? $0 }).count == changes.count {
            return .array(try merge(list: changes, into: target?.array ?? [], key: key, keys, path: path))
        }
        if keys.mergesPrimitives(path) {
            let old = target?.array ?? []
            return .array(old + changes.filter { !old.contains($0) })
        }
        return .array(changes.filter { $0["$patch"] == nil })
    }

    private static func merge(
        list changes: [JSON], into target: [JSON], key: String, _ keys: MergeKeys, path: [String]
    ) throws -> [JSON] {
        if changes.contains(where: { $0["$patch"]?.string == "replace" }) {
            return changes.filter { $0["$patch"] == nil }
        }
        var result = target
        for change in changes {
            guard let value = change[key] else {
                throw APIFailure.badRequest("map: \(change) does not contain declared merge key: \(key)")
            }
            let index = result.firstIndex { $0[key] == value }
            if change["$patch"]?.string == "delete" {
                result.removeAll { $0[key] == value }
            } else if let index {
                result[index] = try merge(change, into: result[index], keys, path: path)
            } else {
                result.append(try merge(change, into: nil, keys, path: path))
            }
        }
        return result
    }

    /// Elements that the order names come in it; the others keep their places behind the one they followed.
    private static func sorted(_ list: JSON?, by order: JSON, key: String?) -> JSON? {
        guard let elements = list?.array, let names = order.array else { return list }
        func rank(_ element: JSON) -> Int? {
            names.firstIndex { name in key.map { element[$0] == name[$0] } ?? (element == name) }
        }
        var groups: [(rank: Int, elements: [JSON])] = [(-1, [])]
        for element in elements {
            if let rank = rank(element) { groups.append((rank, [element])) } else { groups[groups.count - 1].elements.append(element) }
        }
        return .array(groups.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
            .flatMap(\.element.elements))
    }
}

/// By which member the elements of a list are told apart: the patchMergeKey tags of the API's types.
struct MergeKeys {
    let kind: String

    private static let everywhere: [String: String] = ["metadata.ownerReferences": "uid"]
    private static let podSpec: [String: String] = [
        "containers": "name", "initContainers": "name", "ephemeralContainers": "name", "volumes": "name",
        "imagePullSecrets": "name", "hostAliases": "ip", "topologySpreadConstraints": "topologyKey",
        "containers.ports": "containerPort", "initContainers.ports": "containerPort", "containers.env": "name",
        "initContainers.env": "name", "containers.volumeMounts": "mountPath", "initContainers.volumeMounts": "mountPath",
        "containers.volumeDevices": "devicePath", "initContainers.volumeDevices": "devicePath", "resourceClaims": "name",
    ]
    private static let byKind: [String: [String: String]] = [
        "Service": ["spec.ports": "port", "status.conditions": "type"],
        "Pod": ["status.conditions": "type", "status.podIPs": "ip", "status.hostIPs": "ip"],
        "Node": [
            "status.conditions": "type", "status.addresses": "type", "spec.taints": "key",
        ],
        "Namespace": ["status.conditions": "type"],
        "ServiceAccount": ["secrets": "name", "imagePullSecrets": "name"],
        "Deployment": ["status.conditions": "type"],
        "DaemonSet": ["status.conditions": "type"],
        "ServiceCIDR": ["status.conditions": "type"],
    ]
    private static let primitives: [String: Set<String>] = ["Node": ["spec.podCIDRs"]]

    /// Nil: the list is replaced as a whole.
    func key(of path: [String]) -> String? {
        let text = path.joined(separator: ".")
        if let key = Self.everywhere[text] ?? Self.byKind[kind]?[text] { return key }
        let prefix = kind == "Pod" ? "spec." : "spec.template.spec."
        guard kind == "Pod" || kind == "Deployment" || kind == "DaemonSet", text.hasPrefix(prefix) else { return nil }
        return Self.podSpec[String(text.dropFirst(prefix.count))]
    }

    func mergesPrimitives(_ path: [String]) -> Bool {
        let text = path.joined(separator: ".")
        return text == "metadata.finalizers" || Self.primitives[kind]?.contains(text) ?? false
    }
}
