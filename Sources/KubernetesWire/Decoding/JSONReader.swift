internal import FoundationEssentials
internal import KubernetesModel

/// Reads lists, objects and events of one kind from JSON.
struct JSONReader: Sendable {
    static let kindKey: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "fairway.objectKind") else {
            preconditionFailure("CodingUserInfoKey accepts every string")
        }
        return key
    }()

    private let decoder: JSONDecoder
    let kind: ObjectKind

    init(_ kind: ObjectKind, strings: StringInterner) {
        self.kind = kind
        decoder = JSONDecoder()
        decoder.userInfo[StringInterner.key] = strings
        decoder.userInfo[Self.kindKey] = kind
    }

    func list(_ body: borrowing Span<UInt8>) throws(WireError) -> ObjectList {
        let list = try decode(JSONList.self, body)
        let expected = kind.rawValue + "List"
        guard list.kind == expected || list.kind.isEmpty else {
            throw .malformed("\(list.kind) where \(expected) was asked for")
        }
        return list.list
    }

    func object(_ body: borrowing Span<UInt8>) throws(WireError) -> ReadObject {
        try decode(JSONObject.self, body).read
    }

    func event(_ body: borrowing Span<UInt8>) throws(WireError) -> WatchEvent {
        try decode(JSONEvent.self, body).event
    }

    private func decode<Value: Decodable>(
        _ type: Value.Type, _ body: borrowing Span<UInt8>
    ) throws(WireError) -> Value {
        do {
            let data = Data(copying: body)
            return try decoder.decode(type, from: data)
        } catch let error as DecodingError {
            throw .malformed(ValidationFault(error).description)
        } catch {
            throw .malformed(String(describing: error))
        }
    }
}

extension Decoder {
    var objectKind: ObjectKind? { userInfo[JSONReader.kindKey] as? ObjectKind }
}
