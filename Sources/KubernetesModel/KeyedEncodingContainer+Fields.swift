internal import NetworkTypes

/// Writes of typed fields in the API's shape; what is empty or a zero value is left out.
extension KeyedEncodingContainer {
    mutating func encodeUnlessEmpty(_ value: some Collection & Encodable, _ key: Key) throws {
        if !value.isEmpty { try encode(value, forKey: key) }
    }

    mutating func encodeUnlessZero(_ value: some BinaryInteger & Encodable, _ key: Key) throws {
        if value != 0 { try encode(value, forKey: key) }
    }

    mutating func encodeIfTrue(_ value: Bool, _ key: Key) throws {
        if value { try encode(value, forKey: key) }
    }

    mutating func encode(_ port: PortNumber?, _ key: Key) throws {
        try encodeIfPresent(port?.rawValue, forKey: key)
    }

    mutating func encodeTexts(_ values: some Collection<some CustomStringConvertible>, _ key: Key) throws {
        if !values.isEmpty { try encode(values.map(\.description), forKey: key) }
    }
}

extension KeyedEncodingContainer where Key == ObjectField {
    mutating func encodeHead(_ kind: ObjectKind, _ metadata: ObjectMeta) throws {
        try encode(kind.apiVersion, forKey: .apiVersion)
        try encode(kind.rawValue, forKey: .kind)
        try encode(metadata, forKey: .metadata)
    }
}
