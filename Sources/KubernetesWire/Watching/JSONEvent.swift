internal import KubernetesModel

/// An event of a watch in JSON.
struct JSONEvent: Decodable {
    private enum Field: String, CodingKey { case type, object }

    let event: WatchEvent

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        let name = try container.decode(String.self, forKey: .type)
        switch WatchEventType(rawValue: name) {
        case .added, .modified:
            event = .set(try container.decode(JSONObject.self, forKey: .object).read)
        case .deleted:
            guard let kind = decoder.objectKind else { preconditionFailure("JSONReader names the kind") }
            let head = try container.decode(JSONHead.self, forKey: .object)
            guard let reference = ObjectReference(kind, name: head.name, namespace: head.namespace) else {
                throw DecodingError.dataCorruptedError(forKey: .object, in: container, debugDescription: "no name")
            }
            event = .deleted(reference, resourceVersion: head.resourceVersion)
        case .bookmark:
            let head = try container.decode(JSONHead.self, forKey: .object)
            event = .bookmark(
                resourceVersion: head.resourceVersion,
                endsInitialEvents: head.annotations[WatchEvent.initialEventsEnd] == "true")
        case .error:
            event = .error(try container.decode(JSONStatus.self, forKey: .object).asError)
        case nil:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container, debugDescription: "\(name) is no type of an event")
        }
    }
}
