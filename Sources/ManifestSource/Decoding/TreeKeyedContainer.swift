/// The fields of a map.
struct TreeKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let decoder: TreeDecoder
    /// Values by key for maps too large to search.
    private let index: [String: DocumentTree.Index]?

    /// Keys of a map that are searched one by one: API objects have fewer, label maps may have more.
    private static var searchedKeyLimit: Int { 32 }

    init(decoder: TreeDecoder) {
        self.decoder = decoder
        let tree = decoder.source.tree
        guard tree[decoder.node].childCount > 2 * Self.searchedKeyLimit else {
            index = nil
            return
        }
        let pairs = tree.entries(of: decoder.node).map { (tree.string($0.key) ?? "", $0.value) }
        index = Dictionary(pairs, uniquingKeysWith: { _, last in last })
    }

    var codingPath: [any CodingKey] { decoder.codingPath }

    var allKeys: [Key] {
        let tree = decoder.source.tree
        return tree.entries(of: decoder.node).compactMap { tree.string($0.key).flatMap(Key.init(stringValue:)) }
    }

    private func find(_ key: Key) -> DocumentTree.Index? {
        if let index { return index[key.stringValue] }
        return decoder.source.tree.value(of: key.stringValue, in: decoder.node)
    }

    private func value(_ key: Key) throws -> TreeDecoder {
        guard let node = find(key) else {
            throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "Required value"))
        }
        return TreeDecoder(decoder.source, node: node)
    }

    /// Nil when absent or null.
    private func present(_ key: Key) -> TreeDecoder? {
        guard let node = find(key), !decoder.source.tree.isNull(node) else { return nil }
        return TreeDecoder(decoder.source, node: node)
    }

    func contains(_ key: Key) -> Bool { find(key) != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try value(key).decodeNil() }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try value(key).decode(type) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try value(key).decode(type) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try value(key).decode(type) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try value(key).decode(type) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try value(key).decode(type) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try value(key).decode(type) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try value(key).decode(type) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try value(key).decode(type) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try value(key).decode(type) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try value(key).decode(type) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try value(key).decode(type) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try value(key).decode(type) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try value(key).decode(type) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try value(key).decode(type) }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try value(key).decode(type) }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try present(key)?.decode(type) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try present(key)?.decode(type) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try present(key)?.decode(type) }
    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        try present(key)?.decode(type)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try value(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try value(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { decoder }
    func superDecoder(forKey key: Key) throws -> any Decoder { try value(key) }
}
