/// The items of a list.
struct TreeUnkeyedContainer: UnkeyedDecodingContainer {
    private let decoder: TreeDecoder
    private var next: DocumentTree.Index
    private(set) var currentIndex = 0

    init(decoder: TreeDecoder) {
        self.decoder = decoder
        next = decoder.source.tree[decoder.node].firstChild
    }

    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { Int(decoder.source.tree[decoder.node].childCount) }
    var isAtEnd: Bool { next < 0 }

    private mutating func advance<T>(_ read: (TreeDecoder) throws -> T) throws -> T {
        guard next >= 0 else {
            throw DecodingError.valueNotFound(
                T.self, .init(codingPath: codingPath, debugDescription: "the list has no further item"))
        }
        let value = try read(TreeDecoder(decoder.source, node: next))
        next = decoder.source.tree[next].next
        currentIndex += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        guard next >= 0, decoder.source.tree.isNull(next) else { return false }
        return try advance { _ in true }
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try advance { try $0.decode(type) } }
    mutating func decode(_ type: String.Type) throws -> String { try advance { try $0.decode(type) } }
    mutating func decode(_ type: Double.Type) throws -> Double { try advance { try $0.decode(type) } }
    mutating func decode(_ type: Float.Type) throws -> Float { try advance { try $0.decode(type) } }
    mutating func decode(_ type: Int.Type) throws -> Int { try advance { try $0.decode(type) } }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try advance { try $0.decode(type) } }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try advance { try $0.decode(type) } }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try advance { try $0.decode(type) } }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try advance { try $0.decode(type) } }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try advance { try $0.decode(type) } }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try advance { try $0.decode(type) } }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try advance { try $0.decode(type) } }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try advance { try $0.decode(type) } }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try advance { try $0.decode(type) } }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try advance { try $0.decode(type) } }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try advance { try $0.container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try advance { try $0.unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder { try advance { $0 } }
}
