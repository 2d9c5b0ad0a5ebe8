internal import KubernetesModel

extension ObjectDecoder {
    /// The event in one frame of a watch.
    func event(_ bytes: borrowing Span<UInt8>, in range: Range<Int>) throws(WireError) -> WatchEvent {
        switch format {
        case .protobuf: try protobufEvent(bytes, in: range)
        case .json: try json.event(bytes.extracting(range))
        }
    }

    /// `metav1.WatchEvent`: the type, and a raw extension with the object in its envelope.
    private func protobufEvent(_ bytes: borrowing Span<UInt8>, in range: Range<Int>) throws(WireError) -> WatchEvent {
        var name = ""
        var object = range.upperBound..<range.upperBound
        var fields = MessageFields(in: range)
        while let (number, value) = try fields.next(of: bytes) {
            guard case .bytes(let range) = value else { continue }
            switch number {
            case 1: name = String(copying: bytes.extracting(range))
            case 2: object = try Self.rawExtension(bytes, in: range)
            default: break
            }
        }
        switch WatchEventType(rawValue: name) {
        case .added, .modified: return .set(try self.object(inEnvelope: bytes, object))
        case .deleted:
            let head = try head(bytes, in: object)
            guard let reference = ObjectReference(kind, name: head.name, namespace: head.namespace) else {
                throw .malformed("an object without a name was deleted")
            }
            return .deleted(reference, resourceVersion: head.resourceVersion)
        case .bookmark:
            let head = try head(bytes, in: object)
            return .bookmark(
                resourceVersion: head.resourceVersion,
                endsInitialEvents: head.annotations[WatchEvent.initialEventsEnd] == "true")
        case .error:
            return .error(APIStatus(httpStatus: 0, body: bytes.extracting(object)))
        case nil: throw .malformed("\(name) is no type of an event")
        }
    }

    private static func rawExtension(
        _ bytes: borrowing Span<UInt8>, in range: Range<Int>
    ) throws(WireError) -> Range<Int> {
        var raw = range.upperBound..<range.upperBound
        var fields = MessageFields(in: range)
        while let (number, value) = try fields.next(of: bytes) {
            if number == 1, case .bytes(let range) = value { raw = range }
        }
        return raw
    }

    private func head(_ bytes: borrowing Span<UInt8>, in range: Range<Int>) throws(WireError) -> MetaObjectMeta {
        let envelope = try Envelope(bytes, in: range)
        do { return try MetaObjectHead(bytes.extracting(envelope.raw)).metadata } catch {
            throw .malformed("metadata that cannot be read: \(error)")
        }
    }
}
