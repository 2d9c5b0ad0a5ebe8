internal import KubernetesModel

extension ObjectDecoder {
    /// Items are read one by one off the page: a list message would hold all of them before the first is trimmed, and one
    /// bad item would end it.
    func protobufList(_ body: borrowing Span<UInt8>) throws(WireError) -> ObjectList {
        let envelope = try Envelope(body, in: 0..<body.count)
        try expect(envelope, kind.rawValue + "List")
        var list = ObjectList()
        var fields = MessageFields(in: envelope.raw)
        while let (number, value) = try fields.next(of: body) {
            guard case .bytes(let range) = value else { continue }
            switch number {
            case 1:
                guard let meta = try? MetaListMeta(body.extracting(range)) else {
                    throw .malformed("the metadata of a list")
                }
                list.resourceVersion = meta.resourceVersion
                list.continueToken = meta.continue
            case 2:
                switch read(body.extracting(range)) {
                case .object(let object): list.objects.append(object)
                case .unreadable(let fault, _): list.faults.append(fault)
                }
            default: break
            }
        }
        return list
    }

    /// An object that carries its kind, as single objects and those of events do.
    func object(
        inEnvelope body: borrowing Span<UInt8>, _ range: Range<Int>
    ) throws(WireError) -> ReadObject {
        let envelope = try Envelope(body, in: range)
        try expect(envelope, kind.rawValue)
        return read(body.extracting(envelope.raw))
    }

    private func read(_ bytes: borrowing Span<UInt8>) -> ReadObject {
        do { return .object(try messages.object(kind, bytes)) } catch {
            let head = try? MetaObjectHead(bytes).metadata
            let fault = ObjectFault(
                reference: head.flatMap { ObjectReference(kind, name: $0.name, namespace: $0.namespace) },
                message: error.fault.description)
            return .unreadable(fault, resourceVersion: head?.resourceVersion ?? "")
        }
    }

    private func expect(_ envelope: Envelope, _ name: String) throws(WireError) {
        guard envelope.kind == name || envelope.kind.isEmpty else {
            throw .malformed("\(envelope.apiVersion) \(envelope.kind) where \(name) was asked for")
        }
    }
}

extension ObjectReference {
    /// Nil without a name.
    init?(_ kind: ObjectKind, name: String, namespace: String) {
        if name.isEmpty { return nil }
        let namespace = namespace.isEmpty && kind.isNamespaced ? "default" : namespace
        self.init(kind: kind, key: ObjectKey(namespace: namespace, name: name))
    }
}
