internal import NetworkTypes

/// Reads of typed fields. Absent, null and (where the API treats it so) empty mean the default;
/// a bad value is an error at the very field, in the API server's words.
extension KeyedDecodingContainer {
    func string(_ key: Key) throws -> String {
        try decodeIfPresent(String.self, forKey: key) ?? ""
    }

    /// Nil when absent or empty.
    func nonEmptyString(_ key: Key) throws -> String? {
        guard let text = try decodeIfPresent(String.self, forKey: key), !text.isEmpty else { return nil }
        return text
    }

    func bool(_ key: Key, default value: Bool = false) throws -> Bool {
        try decodeIfPresent(Bool.self, forKey: key) ?? value
    }

    func list<Element: Decodable>(_ key: Key, of type: Element.Type = Element.self) throws -> [Element] {
        let list = try decodeIfPresent([Element].self, forKey: key) ?? []
        // Decoding appends, and room grows by doubling: five endpoints would keep room for eight.
        return list.count == list.capacity ? list : list.map(\.self)
    }

    /// A container inside this one, nil when absent or null.
    func nested<NestedKey: CodingKey>(
        _ key: Key, keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey>? {
        guard contains(key), try !decodeNil(forKey: key) else { return nil }
        return try nestedContainer(keyedBy: type, forKey: key)
    }

    func choice<Value>(_ key: Key, default value: Value) throws -> Value
    where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
        try choice(key) ?? value
    }

    func choice<Value>(_ key: Key, of type: Value.Type = Value.self) throws -> Value?
    where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
        guard let text = try nonEmptyString(key) else { return nil }
        guard let value = Value(rawValue: text) else {
            throw fault(key, Phrase.unsupported(text, of: Value.allCases.map(\.rawValue)))
        }
        return value
    }

    /// TCP when absent: the API's default in every kind.
    func transportProtocol(_ key: Key) throws -> TransportProtocol {
        guard let text = try nonEmptyString(key) else { return .tcp }
        guard let value = TransportProtocol(kubernetesName: text) else {
            throw fault(key, Phrase.unsupported(text, of: TransportProtocol.allCases.map(\.kubernetesName)))
        }
        return value
    }

    /// Nil when absent.
    func port(_ key: Key) throws -> PortNumber? {
        guard let number = try decodeIfPresent(Int.self, forKey: key) else { return nil }
        guard let port = PortNumber(number) else { throw fault(key, Phrase.invalid(number, Phrase.portRange)) }
        return port
    }

    /// Nil when absent or 0, which stands for none.
    func portOrZero(_ key: Key) throws -> PortNumber? {
        guard let number = try decodeIfPresent(Int.self, forKey: key), number != 0 else { return nil }
        guard let port = PortNumber(number) else { throw fault(key, Phrase.invalid(number, Phrase.portRange)) }
        return port
    }

    func requiredPort(_ key: Key) throws -> PortNumber {
        guard let port = try port(key) else { throw fault(key, Phrase.required) }
        return port
    }

    /// Nil when absent or empty.
    func address(_ key: Key) throws -> IPAddress? {
        guard let text = try nonEmptyString(key) else { return nil }
        guard let address = IPAddress(text) else { throw fault(key, Phrase.invalid(text, Phrase.address)) }
        return address
    }

    func addresses(_ key: Key) throws -> [IPAddress] {
        try parsedList(key, Phrase.address) { IPAddress($0) }
    }

    /// Host bits in the text are cleared, as every consumer of these fields does.
    func prefixes(_ key: Key) throws -> [IPPrefix] {
        try parsedList(key, Phrase.prefix) { IPPrefix($0.trimmingASCIISpace) }
    }

    func parsedList<Value>(_ key: Key, _ what: String, _ parse: (String) -> Value?) throws -> [Value] {
        guard let texts = try decodeIfPresent([String].self, forKey: key) else { return [] }
        var values: [Value] = []
        values.reserveCapacity(texts.count)
        for (index, text) in texts.enumerated() {
            guard let value = parse(text) else { throw fault(key, index: index, Phrase.invalid(text, what)) }
            values.append(value)
        }
        return values
    }

    func fault(_ key: Key, index: Int? = nil, _ message: String) -> DecodingError {
        var path = codingPath + [key]
        if let index { path.append(AnyCodingKey(intValue: index)) }
        return .dataCorrupted(.init(codingPath: path, debugDescription: message))
    }
}

extension KeyedDecodingContainer where Key == ObjectField {
    /// The metadata, with the namespace `default` where a namespaced object names none.
    func metadata(of kind: ObjectKind) throws -> ObjectMeta {
        var metadata = try decodeIfPresent(ObjectMeta.self, forKey: .metadata) ?? ObjectMeta(name: "")
        if kind.isNamespaced && metadata.namespace.isEmpty { metadata.namespace = "default" }
        if metadata.takesPartInMirroring(as: kind), let fields = try nested(.metadata, keyedBy: ObjectMeta.Field.self) {
            metadata.annotations = try ObjectMeta.annotations(fields) { metadata.keepsAnnotation($0, as: kind) }
        }
        return metadata
    }
}

extension String {
    /// Without ASCII space at either end.
    package var trimmingASCIISpace: Substring {
        var rest = self[...]
        while let first = rest.utf8.first, first == 0x20 || (9...13).contains(first) { rest.removeFirst() }
        while let last = rest.utf8.last, last == 0x20 || (9...13).contains(last) { rest.removeLast() }
        return rest
    }
}
