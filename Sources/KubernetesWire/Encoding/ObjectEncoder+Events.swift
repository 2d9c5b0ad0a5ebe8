internal import KubernetesModel
internal import SwiftProtobuf

extension ObjectEncoder {
    /// A frame of a watch with an object in it.
    package func event(_ type: WatchEventType, _ item: [UInt8]) -> [UInt8] {
        frame(type, object(item))
    }

    /// The frame that says: nothing happened up to this version.
    package func bookmark(resourceVersion: String, endsInitialEvents: Bool = false) throws -> [UInt8] {
        var metadata = ObjectMeta(name: "", resourceVersion: resourceVersion)
        if endsInitialEvents { metadata.annotations[WatchEvent.initialEventsEnd] = "true" }
        let item: [UInt8]
        switch format {
        case .protobuf:
            var head = MetaObjectHead()
            head.metadata = MetaObjectMeta(metadata)
            item = try head.serializedBytes()
        case .json:
            item = try JSONBody.encode(
                Bookmark(kind: resource.kind, apiVersion: resource.apiVersion, metadata: metadata))
        }
        return event(.bookmark, item)
    }

    /// The frame that ends a watch.
    package func error(_ status: APIStatus) throws -> [UInt8] {
        frame(.error, try Self.status(status, format: format))
    }

    private func frame(_ type: WatchEventType, _ object: [UInt8]) -> [UInt8] {
        switch format {
        case .protobuf:
            var raw = MessageWriter(capacity: MessageWriter.size(of: object.count))
            raw.write(1, object)
            let size = MessageWriter.size(of: type.rawValue.utf8.count) + MessageWriter.size(of: raw.bytes.count)
            var event = MessageWriter(capacity: LengthScanner.lengthSize + size)
            event.append((0..<LengthScanner.lengthSize).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * $0)) })
            event.write(1, type.rawValue)
            event.write(2, raw.bytes)
            return event.bytes
        case .json:
            var event: [UInt8] = []
            event.reserveCapacity(object.count + 40)
            event += "{\"type\":\"\(type.rawValue)\",\"object\":".utf8
            event += object
            event += "}\n".utf8
            return event
        }
    }
}

private struct Bookmark: Encodable {
    var kind: String
    var apiVersion: String
    var metadata: ObjectMeta
}
