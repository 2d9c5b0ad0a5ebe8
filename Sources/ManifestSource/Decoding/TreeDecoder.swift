/// Decodes a value of a tree. Paths of faults are computed from the tree, only when there is one.
struct TreeDecoder: Decoder {
    /// Shared by all decoders of an object, so that they are small to copy.
    final class Source {
        let tree: DocumentTree
        let userInfo: [CodingUserInfoKey: any Sendable]

        init(_ tree: DocumentTree, _ userInfo: [CodingUserInfoKey: any Sendable]) {
            self.tree = tree
            self.userInfo = userInfo
        }
    }

    let source: Source
    let node: DocumentTree.Index

    init(_ source: Source, node: DocumentTree.Index = DocumentTree.root) {
        self.source = source
        self.node = node
    }

    var codingPath: [any CodingKey] { source.tree.codingPath(to: node) }
    var userInfo: [CodingUserInfoKey: Any] { source.userInfo }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard source.tree[node].kind == .mapping else { throw mismatch([String: String].self, .map) }
        return KeyedDecodingContainer(TreeKeyedContainer<Key>(decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard source.tree[node].kind == .sequence else { throw mismatch([String].self, .list) }
        return TreeUnkeyedContainer(decoder: self)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    /// The API server's words for a value of the wrong type.
    func mismatch(_ type: any Any.Type, _ wanted: DocumentTree.ValueType) -> DecodingError {
        let found = source.tree.type(of: node)
        var message = "cannot unmarshal \(found.rawValue) into \(wanted.rawValue)"
        if wanted == .string, found == .number || found == .bool, let text = source.tree.string(node) {
            message += ": to keep the text, write it in quotes: \(JSONText.quoted(text.isEmpty ? String(source.tree.bool(node) ?? false) : text))"
        }
        return .typeMismatch(type, .init(codingPath: codingPath, debugDescription: message))
    }

    func corrupted(_ message: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: codingPath, debugDescription: message))
    }
}

extension TreeDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { source.tree.isNull(node) }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard let value = source.tree.bool(node) else { throw mismatch(type, .bool) }
        return value
    }

    func decode(_ type: String.Type) throws -> String {
        let tree = source.tree
        guard tree.type(of: node) == .string else { throw mismatch(type, .string) }
        guard let text = tree.string(node) else { throw corrupted("not valid UTF-8, or a bad escape in a string") }
        return text
    }

    func decode(_ type: Double.Type) throws -> Double {
        guard let text = source.tree.number(node), let value = Double(text) else { throw mismatch(type, .number) }
        return value
    }

    func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
    func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        // The protocol's own dispatch for a String or an Int goes through a single value container.
        if type == String.self, let value = try decode(String.self) as? Value { return value }
        return try Value(from: self)
    }

    private func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws -> Integer {
        let tree = source.tree
        guard let text = tree.number(node) else { throw mismatch(type, .number) }
        guard !tree.hasLeadingZero(node) else {
            throw corrupted("Invalid value: \(text): octal to some and decimal to others, write it without the leading zero")
        }
        guard let value = tree.integer(node, as: type) else {
            throw corrupted("Invalid value: \(text): must be a whole number from \(Integer.min) to \(Integer.max)")
        }
        return value
    }
}
