/// The bytes of objects, lists and events of one resource in one format, put together from what is kept of each object.
struct ObjectEncoding: Sendable {
    let type: ResourceType
    let format: ResponseFormat

    func object(_ object: StoredObject) -> [UInt8] {
        switch format {
        case .json: json(object)
        case .table: Table.of([object], type, version: object.version).bytes
        case .protobuf: ProtobufEnvelope.wrap(type.apiVersion, type.kind, message(object))
        }
    }

    func list(_ page: ListPage) -> [UInt8] {
        switch format {
        case .json: jsonList(page)
        case .table:
            Table.of(page.objects, type, version: page.version, continueToken: page.continueToken, remaining: page.remaining).bytes
        case .protobuf:
            ProtobufEnvelope.wrap(type.apiVersion, type.kind + "List", protobufList(page))
        }
    }

    /// One event of a watch, with its frame.
    func event(_ name: String, _ object: StoredObject) -> [UInt8] {
        if format == .protobuf {
            return ProtobufEnvelope.frame(event: name, ProtobufEnvelope.wrap(type.apiVersion, type.kind, message(object)))
        }
        return jsonEvent(name, format == .table ? Table.of([object], type, version: object.version).bytes : json(object))
    }

    /// `ERROR`.
    func event(_ failure: APIFailure) -> [UInt8] {
        if format == .protobuf {
            let status = ProtobufSchema.encode(failure.status, kind: "Status") ?? []
            return ProtobufEnvelope.frame(event: "ERROR", ProtobufEnvelope.wrap("v1", "Status", status))
        }
        return jsonEvent("ERROR", failure.status.bytes)
    }

    /// - Parameter endsInitialEvents: the list is whole.
    func bookmark(_ version: UInt64, endsInitialEvents: Bool) -> [UInt8] {
        var metadata: JSON = ["resourceVersion": .string(String(version))]
        if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        if format == .protobuf {
            let message = ProtobufSchema.encode(["metadata": metadata], kind: type.kind) ?? []
            return ProtobufEnvelope.frame(event: "BOOKMARK", ProtobufEnvelope.wrap(type.apiVersion, type.kind, message))
        }
        let object: JSON = ["kind": .string(type.kind), "apiVersion": .string(type.apiVersion), "metadata": metadata]
        return jsonEvent("BOOKMARK", object.bytes)
    }

    // MARK: JSON

    private func body(_ object: StoredObject) -> [UInt8] {
        type == type.storage ? object.body : EventFaces.shown(object.tree, type).bytes
    }

    private func json(_ object: StoredObject) -> [UInt8] {
        Array("{\"kind\":\"\(type.kind)\",\"apiVersion\":\"\(type.apiVersion)\",".utf8) + body(object).dropFirst()
    }

    private func jsonEvent(_ name: String, _ object: [UInt8]) -> [UInt8] {
        Array("{\"type\":\"\(name)\",\"object\":".utf8) + object + [UInt8(ascii: "}"), 0x0A]
    }

    /// Elements of a list carry no kind: the list's says it.
    private func jsonList(_ page: ListPage) -> [UInt8] {
        let head: JSON = ["kind": .string(type.kind + "List"), "apiVersion": .string(type.apiVersion), "metadata": page.metadata]
        var output = head.bytes
        output.removeLast()
        output.reserveCapacity(output.count + page.objects.reduce(0) { $0 + $1.body.count + 1 } + 32)
        output.append(contentsOf: ",\"items\":[".utf8)
        for (index, object) in page.objects.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output.append(contentsOf: body(object))
        }
        output.append(contentsOf: "]}\n".utf8)
        return output
    }

    // MARK: Protobuf

    private func message(_ object: StoredObject) -> [UInt8] {
        if type != type.storage { return ProtobufSchema.encode(EventFaces.shown(object.tree, type), kind: "Event.events") ?? [] }
        return object.protobuf { ProtobufSchema.encode($0, kind: type.kind) } ?? []
    }

    private func protobufList(_ page: ListPage) -> [UInt8] {
        var output: [UInt8] = []
        ProtobufWriter.append(field: 1, ProtobufSchema.encode(page.metadata, kind: "ListMeta") ?? [], to: &output)
        for object in page.objects { ProtobufWriter.append(field: 2, message(object), to: &output) }
        return output
    }
}

extension ListPage {
    /// `metav1.ListMeta`.
    var metadata: JSON {
        var metadata: JSON = ["resourceVersion": .string(String(version))]
        if !continueToken.isEmpty { metadata["continue"] = .string(continueToken) }
        if let remaining { metadata["remainingItemCount"] = .integer(Int64(remaining)) }
        return metadata
    }
}
