package import KubernetesModel

/// Reads lists and objects of one kind, trimmed to what the model keeps while they are read.
///
/// Both formats give the same objects, defaults and faults. Strings that recur share one buffer: reflectors of one
/// process do well to share one interner.
package struct ObjectDecoder: Sendable {
    package let kind: ObjectKind
    package let format: WireFormat
    let messages: MessageReader
    let json: JSONReader

    package init(_ kind: ObjectKind, format: WireFormat, strings: StringInterner = StringInterner()) {
        self.kind = kind
        self.format = format
        messages = MessageReader(strings: strings)
        json = JSONReader(kind, strings: strings)
    }

    /// One page of a list, the body of a response.
    ///
    /// - Throws: ``WireError`` when it is no list of the kind. An object in it that cannot be read is one of its faults.
    package func list(_ body: borrowing Span<UInt8>) throws(WireError) -> ObjectList {
        switch format {
        case .protobuf: try protobufList(body)
        case .json: try json.list(body)
        }
    }

    /// One object, the body of a response.
    ///
    /// - Throws: ``WireError/unreadable(_:)`` when the model refuses it, else another ``WireError``.
    package func object(_ body: borrowing Span<UInt8>) throws(WireError) -> KubernetesObject {
        let read =
            switch format {
            case .protobuf: try object(inEnvelope: body, 0..<body.count)
            case .json: try json.object(body)
            }
        switch read {
        case .object(let object): return object
        case .unreadable(let fault, _): throw .unreadable(fault)
        }
    }

    /// ``list(_:)`` of an array.
    package func list(_ body: [UInt8]) throws(WireError) -> ObjectList { try list(body.span) }

    /// ``object(_:)`` of an array.
    package func object(_ body: [UInt8]) throws(WireError) -> KubernetesObject { try object(body.span) }
}

/// An object, or why there is none.
enum ReadObject {
    case object(KubernetesObject)
    /// With the version it is at, as far as that can be read.
    case unreadable(ObjectFault, resourceVersion: String)
}
