/// What the server has, as clients ask for it before anything else.
enum Discovery {
    /// Nil: no such document.
    static func document(_ path: String, query: [String: String] = [:]) -> JSON? {
        let parts = path.split(separator: "/").map { String($0) }
        switch (parts.count, parts.first) {
        case (1, "version"): return version
        case (1, "api"): return ["kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []]
        case (1, "apis"): return ["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups.map(group))]
        case (2, "api") where parts[1] == "v1": return resources(group: "")
        case (2, "apis") where groups.contains(parts[1]): return group(parts[1])
        case (3, "apis") where groups.contains(parts[1]) && parts[2] == "v1": return resources(group: parts[1])
        case (2, "openapi") where parts[1] == "v3": return openAPIRoot
        case (_, "openapi") where parts.count > 2 && parts[1] == "v3": return openAPI(parts.dropFirst(2).joined(separator: "/"))
        default: return nil
        }
    }

    private static let version: JSON = [
        "major": "1", "minor": "36", "gitVersion": "v1.36.2", "gitCommit": "", "gitTreeState": "clean", "buildDate": "",
        "goVersion": "", "compiler": "", "platform": "linux/amd64",
    ]

    private static let groups: [String] = {
        var names: [String] = []
        for type in ResourceType.all where !type.group.isEmpty && !names.contains(type.group) { names.append(type.group) }
        return names
    }()

    private static func group(_ name: String) -> JSON {
        let version: JSON = ["groupVersion": .string("\(name)/v1"), "version": "v1"]
        return [
            "kind": "APIGroup", "apiVersion": "v1", "name": .string(name), "versions": [version],
            "preferredVersion": version,
        ]
    }

    private static func resources(group: String) -> JSON {
        var resources: [JSON] = []
        for type in ResourceType.all where type.group == group {
            resources.append(resource(type))
            if type.traits.contains(.status) { resources.append(resource(type, status: true)) }
        }
        return [
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(group.isEmpty ? "v1" : "\(group)/v1"),
            "resources": .array(resources),
        ]
    }

    private static func resource(_ type: ResourceType, status: Bool = false) -> JSON {
        let verbs: [JSON] =
            status
            ? ["get", "patch", "update"]
            : ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        var resource: JSON = [
            "name": .string(type.plural + (status ? "/status" : "")),
            "singularName": .string(status ? "" : type.singular), "namespaced": .bool(type.isNamespaced),
            "kind": .string(type.kind), "verbs": .array(verbs),
        ]
        if !status && !type.shortNames.isEmpty { resource["shortNames"] = .array(type.shortNames.map { .string($0) }) }
        return resource
    }

    // MARK: OpenAPI, as far as kubectl asks it whether the server validates fields itself

    private static let openAPIRoot: JSON = {
        var paths: JSON = .emptyObject
        for name in ["api/v1"] + groups.map({ "apis/\($0)/v1" }) {
            paths[name] = ["serverRelativeURL": .string("/openapi/v3/\(name)")]
        }
        return ["paths": paths]
    }()

    private static func openAPI(_ name: String) -> JSON? {
        guard name == "api/v1" || name.hasPrefix("apis/") && name.hasSuffix("/v1") else { return nil }
        let group = name == "api/v1" ? "" : String(name.dropFirst(5).dropLast(3))
        var paths: JSON = .emptyObject
        for type in ResourceType.all where type.group == group {
            let scope = type.isNamespaced ? "/namespaces/{namespace}" : ""
            let operation: JSON = [
                "parameters": [["name": "fieldValidation", "in": "query", "schema": ["type": "string", "uniqueItems": true]]],
                "x-kubernetes-action": "patch",
                "x-kubernetes-group-version-kind": [
                    "group": .string(type.group), "version": .string(type.version), "kind": .string(type.kind),
                ],
                "responses": [:],
            ]
            paths["/\(name)\(scope)/\(type.plural)/{name}"] = ["patch": operation]
        }
        return ["openapi": "3.0.0", "info": ["title": "Kubernetes", "version": "v1.36.0"], "paths": paths, "components": [:]]
    }
}
