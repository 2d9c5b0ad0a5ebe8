internal import FoundationEssentials
internal import KubernetesModel

/// What the server refuses: what Fairway's own model refuses in its kinds, and changes of what may not change.
enum Validation {
    /// - Throws: ``APIFailure`` 422.
    static func check(_ tree: JSON, _ type: ResourceType, _ name: String, before: JSON? = nil) throws {
        var faults = immutable(tree, type, before)
        if let kind = ObjectKind(rawValue: type.kind) { faults += modelFaults(tree, kind) }
        if !isSubdomain(name), !type.group.hasPrefix("rbac"), faults.isEmpty {
            faults.append(FieldFault("metadata.name", "Invalid value: \"\(name)\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"))
        }
        if !faults.isEmpty { throw APIFailure.invalid(type, name, faults) }
    }

    private static func isSubdomain(_ name: String) -> Bool {
        let isInner: (UInt8) -> Bool = { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
        guard let first = name.utf8.first, let last = name.utf8.last, isInner(first), isInner(last) else { return false }
        return name.utf8.count <= 253 && name.utf8.allSatisfy { isInner($0) || $0 == 0x2D || $0 == 0x2E }
    }

    private static func modelFaults(_ tree: JSON, _ kind: ObjectKind) -> [FieldFault] {
        do {
            let object = try JSONDecoder().decode(DecodedObject.self, from: Data(tree.bytes), configuration: kind).object
            return object.validate().map { FieldFault($0.path.description, $0.message) }
        } catch let error as DecodingError {
            let fault = ValidationFault(error)
            return [FieldFault(fault.path.description, fault.message)]
        } catch {
            return [FieldFault("", "\(error)")]
        }
    }

    private static let immutableFields: [String: [[String]]] = [
        "EndpointSlice": [["addressType"]], "Pod": [["spec", "nodeName"]], "ServiceCIDR": [["spec", "cidrs"]],
    ]

    private static func immutable(_ tree: JSON, _ type: ResourceType, _ before: JSON?) -> [FieldFault] {
        guard let before else { return [] }
        return (immutableFields[type.kind] ?? []).compactMap { path in
            guard let old = before[path], old != tree[path] else { return nil }
            return FieldFault(path.joined(separator: "."), "Invalid value: \(tree[path] ?? .null): field is immutable")
        }
    }
}

/// An object whose kind is known from the request.
private struct DecodedObject: DecodableWithConfiguration {
    let object: KubernetesObject

    init(from decoder: any Decoder, configuration kind: ObjectKind) throws {
        object = try KubernetesObject(kind: kind, from: decoder)
    }
}
