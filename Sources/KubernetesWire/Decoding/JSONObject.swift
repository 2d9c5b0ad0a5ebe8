internal import KubernetesModel

/// An object of the reader's kind in JSON, which never fails to decode: a fault says what is wrong with it.
struct JSONObject: Decodable {
    let read: ReadObject

    init(from decoder: any Decoder) throws {
        guard let kind = decoder.objectKind else { preconditionFailure("JSONReader names the kind") }
        do { read = .object(try KubernetesObject(kind: kind, from: decoder)) } catch {
            let head = try? JSONHead(from: decoder)
            read = .unreadable(
                ObjectFault(
                    reference: head.flatMap { ObjectReference(kind, name: $0.name, namespace: $0.namespace) },
                    message: Self.message(error, below: decoder.codingPath.count)),
                resourceVersion: head?.resourceVersion ?? "")
        }
    }

    /// The fault with its path from the object on, not from the list.
    private static func message(_ error: any Error, below depth: Int) -> String {
        guard let error = error as? DecodingError else { return String(describing: error) }
        var fault = ValidationFault(error)
        fault.path.components.removeFirst(min(depth, fault.path.components.count))
        return fault.description
    }
}

/// What is read of an object that is gone, cannot be read, or is a bookmark.
struct JSONHead: Decodable {
    private enum Field: String, CodingKey { case metadata }
    private enum MetaField: String, CodingKey { case name, namespace, resourceVersion, annotations }

    let name: String
    let namespace: String
    let resourceVersion: String
    let annotations: [String: String]

    init(from decoder: any Decoder) throws {
        let metadata = try decoder.container(keyedBy: Field.self).nestedContainer(keyedBy: MetaField.self, forKey: .metadata)
        name = try metadata.decodeIfPresent(String.self, forKey: .name) ?? ""
        namespace = try metadata.decodeIfPresent(String.self, forKey: .namespace) ?? ""
        resourceVersion = try metadata.decodeIfPresent(String.self, forKey: .resourceVersion) ?? ""
        annotations = try metadata.decodeIfPresent([String: String].self, forKey: .annotations) ?? [:]
    }
}

/// A page of a list in JSON.
struct JSONList: Decodable {
    private enum Field: String, CodingKey { case kind, metadata, items }
    private enum MetaField: String, CodingKey { case resourceVersion, `continue` }

    let kind: String
    var list = ObjectList()

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        kind = try container.decodeIfPresent(String.self, forKey: .kind) ?? ""
        if container.contains(.metadata) {
            let metadata = try container.nestedContainer(keyedBy: MetaField.self, forKey: .metadata)
            list.resourceVersion = try metadata.decodeIfPresent(String.self, forKey: .resourceVersion) ?? ""
            list.continueToken = try metadata.decodeIfPresent(String.self, forKey: .continue) ?? ""
        }
        // Absent or null: a list of nothing.
        guard container.contains(.items), try !container.decodeNil(forKey: .items) else { return }
        var items = try container.nestedUnkeyedContainer(forKey: .items)
        while !items.isAtEnd {
            switch try items.decode(JSONObject.self).read {
            case .object(let object): list.objects.append(object)
            case .unreadable(let fault, _): list.faults.append(fault)
            }
        }
    }
}
