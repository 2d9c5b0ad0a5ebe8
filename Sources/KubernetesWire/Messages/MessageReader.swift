internal import KubernetesModel
internal import NetworkTypes

/// Makes the model's values of the fields of messages, with the defaults and the refusals that decoding from JSON has
/// (KubernetesModel, `KeyedDecodingContainer+Fields`): a field that protobuf leaves empty is one that JSON leaves out.
struct MessageReader {
    let strings: StringInterner

    func optional(_ text: String) -> String? { text.isEmpty ? nil : strings.intern(text) }

    /// Runs `read` for a message in a field.
    func inside<Value>(
        _ key: String, _ read: () throws(FieldError) -> Value
    ) throws(FieldError) -> Value {
        do { return try read() } catch { throw error.under(key) }
    }

    func items<Message, Value>(
        _ messages: [Message], _ key: String, _ read: (Message) throws(FieldError) -> Value
    ) throws(FieldError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(messages.count)
        for index in messages.indices {
            do { values.append(try read(messages[index])) } catch { throw error.under(key, index: index) }
        }
        return values
    }

    func parsed<Value>(
        _ texts: [String], _ key: String, _ what: String, _ parse: (String) -> Value?
    ) throws(FieldError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(texts.count)
        for (index, text) in texts.enumerated() {
            guard let value = parse(text) else { throw FieldError(key, index: index, Phrase.invalid(text, what)) }
            values.append(value)
        }
        return values
    }

    func addresses(_ texts: [String], _ key: String) throws(FieldError) -> [IPAddress] {
        try parsed(texts, key, Phrase.address) { IPAddress($0) }
    }

    func prefixes(_ texts: [String], _ key: String) throws(FieldError) -> [IPPrefix] {
        try parsed(texts, key, Phrase.prefix) { IPPrefix($0.trimmingASCIISpace) }
    }

    func address(_ text: String, _ key: String) throws(FieldError) -> IPAddress? {
        if text.isEmpty { return nil }
        guard let address = IPAddress(text) else { throw FieldError(key, Phrase.invalid(text, Phrase.address)) }
        return address
    }

    func choice<Value>(_ text: String, _ key: String, of type: Value.Type = Value.self) throws(FieldError) -> Value?
    where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
        if text.isEmpty { return nil }
        guard let value = Value(rawValue: text) else {
            throw FieldError(key, Phrase.unsupported(text, of: Value.allCases.map(\.rawValue)))
        }
        return value
    }

    func transportProtocol(_ text: String) throws(FieldError) -> TransportProtocol {
        if text.isEmpty { return .tcp }
        guard let value = TransportProtocol(kubernetesName: text) else {
            throw FieldError("protocol", Phrase.unsupported(text, of: TransportProtocol.allCases.map(\.kubernetesName)))
        }
        return value
    }

    func port(_ number: Int32, _ key: String) throws(FieldError) -> PortNumber {
        guard let small = UInt16(exactly: number), let port = PortNumber(rawValue: small) else {
            throw FieldError(key, Phrase.invalid(Int(number), Phrase.portRange))
        }
        return port
    }

    /// Nil for 0.
    func portOrZero(_ number: Int32, _ key: String) throws(FieldError) -> PortNumber? {
        number == 0 ? nil : try port(number, key)
    }

    /// Fields that hold 0 where JSON has none: the API server writes neither.
    func requiredPort(_ number: Int32, _ key: String) throws(FieldError) -> PortNumber {
        guard number != 0 else { throw FieldError(key, Phrase.required) }
        return try port(number, key)
    }
}
