internal import KubernetesModel

/// How JSON objects of the API are written as protobuf, by a table of field numbers: an encoding of its own, so that what
/// reads it is not checked against itself.
enum ProtobufSchema {
    enum FieldType: Sendable, Hashable {
        case string, bytes, bool, int, double, time, microTime, intOrString, quantity
        case message(String)
    }

    enum Shape: Sendable, Hashable {
        case single, repeated, map
    }

    struct Field: Sendable, Hashable {
        var name: String
        var number: UInt64
        var type: FieldType
        var shape: Shape
    }

    /// By message.
    static let messages: [String: [Field]] = parse()

    static func has(_ type: ResourceType) -> Bool { messages[type.kind] != nil }

    /// Nil: a kind the table does not have.
    static func encode(_ tree: JSON, kind: String) -> [UInt8]? {
        guard let fields = messages[kind] else { return nil }
        var output: [UInt8] = []
        write(tree, fields, to: &output)
        return output
    }

    private static func parse() -> [String: [Field]] {
        var messages: [String: [Field]] = [:]
        var current = ""
        for line in text.split(separator: "\n") {
            var words = line.split(separator: " ").map { String($0) }
            if line.first != " ", let head = words.first {
                current = String(head.dropLast())
                words.removeFirst()
            }
            messages[current, default: []] += words.compactMap(field)
        }
        return messages
    }

    private static func field(_ text: String) -> Field? {
        guard let equals = text.firstIndex(of: "="), let colon = text.firstIndex(of: ":"),
            let number = UInt64(text[text.index(after: equals)..<colon])
        else { return nil }
        var type = text[text.index(after: colon)...]
        let shape: Shape = type.first == "*" ? .repeated : type.first == "%" ? .map : .single
        if shape != .single { type = type.dropFirst() }
        return Field(name: String(text[..<equals]), number: number, type: fieldType(String(type)), shape: shape)
    }

    private static func fieldType(_ name: String) -> FieldType {
        switch name {
        case "string": .string
        case "bytes": .bytes
        case "bool": .bool
        case "int": .int
        case "double": .double
        case "time": .time
        case "microtime": .microTime
        case "intOrString": .intOrString
        case "quantity": .quantity
        default: .message(name)
        }
    }

    // MARK: Writing

    private static func write(_ tree: JSON, _ fields: [Field], to output: inout [UInt8]) {
        guard let object = tree.object else { return }
        for field in fields {
            guard let value = object[field.name], !value.isNull else { continue }
            switch field.shape {
            case .single: write(value, field, to: &output)
            case .repeated: for element in value.array ?? [] { write(element, field, to: &output) }
            case .map:
                for member in value.object?.members ?? [] {
                    var entry: [UInt8] = []
                    ProtobufWriter.append(field: 1, Array(member.key.utf8), to: &entry)
                    write(member.value, Field(name: "", number: 2, type: field.type, shape: .single), to: &entry)
                    ProtobufWriter.append(field: field.number, entry, to: &output)
                }
            }
        }
    }

    private static func write(_ value: JSON, _ field: Field, to output: inout [UInt8]) {
        switch field.type {
        case .string, .bytes: ProtobufWriter.append(field: field.number, Array((value.string ?? "").utf8), to: &output)
        case .bool: ProtobufWriter.append(field: field.number, varint: value.bool ?? false ? 1 : 0, to: &output)
        case .int:
            ProtobufWriter.append(field: field.number, varint: UInt64(bitPattern: value.integer ?? 0), to: &output)
        case .double: break
        case .time, .microTime:
            guard let time = value.string.flatMap({ Timestamp($0) }) else { return }
            var message: [UInt8] = []
            ProtobufWriter.append(field: 1, varint: UInt64(bitPattern: time.seconds), to: &message)
            ProtobufWriter.append(field: 2, varint: UInt64(time.nanoseconds), to: &message)
            ProtobufWriter.append(field: field.number, message, to: &output)
        case .intOrString:
            var message: [UInt8] = []
            ProtobufWriter.append(field: 1, varint: value.string == nil ? 0 : 1, to: &message)
            ProtobufWriter.append(field: 2, varint: UInt64(bitPattern: value.integer ?? 0), to: &message)
            ProtobufWriter.append(field: 3, Array((value.string ?? "").utf8), to: &message)
            ProtobufWriter.append(field: field.number, message, to: &output)
        case .quantity:
            var message: [UInt8] = []
            ProtobufWriter.append(field: 1, Array((value.string ?? value.description).utf8), to: &message)
            ProtobufWriter.append(field: field.number, message, to: &output)
        case .message(let name):
            var message: [UInt8] = []
            write(value, messages[name] ?? [], to: &message)
            ProtobufWriter.append(field: field.number, message, to: &output)
        }
    }
}

/// The bytes of fields.
enum ProtobufWriter {
    static func append(varint: UInt64, to output: inout [UInt8]) {
        var rest = varint
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(rest))
    }

    static func append(field: UInt64, varint: UInt64, to output: inout [UInt8]) {
        append(varint: field << 3, to: &output)
        append(varint: varint, to: &output)
    }

    static func append(field: UInt64, _ bytes: [UInt8], to output: inout [UInt8]) {
        append(varint: field << 3 | 2, to: &output)
        append(varint: UInt64(bytes.count), to: &output)
        output.append(contentsOf: bytes)
    }
}

/// What is around a message: the magic number and `runtime.Unknown`, and in watches the length and `WatchEvent`.
enum ProtobufEnvelope {
    static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    static func wrap(_ apiVersion: String, _ kind: String, _ message: [UInt8]) -> [UInt8] {
        var type: [UInt8] = []
        ProtobufWriter.append(field: 1, Array(apiVersion.utf8), to: &type)
        ProtobufWriter.append(field: 2, Array(kind.utf8), to: &type)
        var output = magic
        output.reserveCapacity(message.count + type.count + 24)
        ProtobufWriter.append(field: 1, type, to: &output)
        ProtobufWriter.append(field: 2, message, to: &output)
        ProtobufWriter.append(field: 3, [], to: &output)
        ProtobufWriter.append(field: 4, [], to: &output)
        return output
    }

    /// - Parameter object: wrapped.
    static func frame(event: String, _ object: [UInt8]) -> [UInt8] {
        var raw: [UInt8] = []
        ProtobufWriter.append(field: 1, object, to: &raw)
        var message: [UInt8] = []
        ProtobufWriter.append(field: 1, Array(event.utf8), to: &message)
        ProtobufWriter.append(field: 2, raw, to: &message)
        let length = UInt32(message.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + message
    }
}
