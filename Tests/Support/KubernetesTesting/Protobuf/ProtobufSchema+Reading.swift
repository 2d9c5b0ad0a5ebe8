internal import KubernetesModel

extension ProtobufSchema {
    /// The object in a body that client libraries write. Empty strings are fields that were not set.
    ///
    /// - Throws: ``APIFailure`` 400.
    static func read(envelope bytes: [UInt8], _ type: ResourceType) throws -> JSON {
        guard bytes.starts(with: ProtobufEnvelope.magic) else {
            throw APIFailure.badRequest("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
        }
        var kind = ""
        var raw: ArraySlice<UInt8> = []
        var reader = ProtobufReader(rest: bytes.dropFirst(4))
        while let field = try reader.next() {
            if field.number == 1 {
                var head = ProtobufReader(rest: field.bytes)
                while let part = try head.next() {
                    if part.number == 2 { kind = String(decoding: part.bytes, as: UTF8.self) }
                }
            } else if field.number == 2 {
                raw = field.bytes
            }
        }
        let name = kind.isEmpty ? type.kind : kind
        let message = name == "Event" && type == .events ? "Event.events" : name
        guard messages[message] != nil else { throw APIFailure.badRequest("no protobuf of kind \(name) is known") }
        var tree = try read(raw, message)
        if name == type.kind {
            tree["kind"] = .string(name)
            tree["apiVersion"] = .string(type.apiVersion)
        }
        return tree
    }

    static func read(_ bytes: ArraySlice<UInt8>, _ message: String) throws -> JSON {
        let fields = messages[message] ?? []
        var object = JSONObject()
        var reader = ProtobufReader(rest: bytes)
        while let part = try reader.next() {
            guard let field = fields.first(where: { $0.number == part.number }) else { continue }
            switch field.shape {
            case .single:
                let value = try value(part, field.type)
                if value != "" && !value.isNull { object[field.name] = value }
            case .repeated:
                object[field.name] = .array((object[field.name]?.array ?? []) + [try value(part, field.type)])
            case .map:
                var (key, entry) = ("", JSON.string(""))
                var pair = ProtobufReader(rest: part.bytes)
                while let half = try pair.next() {
                    if half.number == 1 { key = String(decoding: half.bytes, as: UTF8.self) } else { entry = try value(half, field.type) }
                }
                var map = object[field.name] ?? .emptyObject
                map[key] = entry
                object[field.name] = map
            }
        }
        return .object(object)
    }

    private static func value(_ part: ProtobufReader.Part, _ type: FieldType) throws -> JSON {
        switch type {
        case .string, .bytes: return .string(String(decoding: part.bytes, as: UTF8.self))
        case .bool: return .bool(part.varint != 0)
        case .int: return .integer(Int64(bitPattern: part.varint))
        case .double: return .null
        case .time, .microTime:
            let parts = try numbers(part.bytes)
            let time = Timestamp(
                seconds: Int64(bitPattern: parts[1]?.varint ?? 0), nanoseconds: Int32(truncatingIfNeeded: parts[2]?.varint ?? 0))
            return time.seconds == 0 ? .null : .string(time.description)
        case .intOrString:
            let parts = try numbers(part.bytes)
            if parts[1]?.varint == 1 { return .string(String(decoding: parts[3]?.bytes ?? [], as: UTF8.self)) }
            return .integer(Int64(bitPattern: parts[2]?.varint ?? 0))
        case .quantity: return .string(String(decoding: try numbers(part.bytes)[1]?.bytes ?? [], as: UTF8.self))
        case .message(let name): return try read(part.bytes, name)
        }
    }

    private static func numbers(_ bytes: ArraySlice<UInt8>) throws -> [UInt64: ProtobufReader.Part] {
        var parts: [UInt64: ProtobufReader.Part] = [:]
        var reader = ProtobufReader(rest: bytes)
        while let part = try reader.next() { parts[part.number] = part }
        return parts
    }
}

/// The fields of a message, one by one.
struct ProtobufReader {
    struct Part {
        var number: UInt64
        var varint: UInt64 = 0
        var bytes: ArraySlice<UInt8> = []
    }

    var rest: ArraySlice<UInt8>

    /// - Throws: ``APIFailure`` 400.
    mutating func next() throws -> Part? {
        if rest.isEmpty { return nil }
        let tag = try varint()
        var part = Part(number: tag >> 3)
        switch tag & 7 {
        case 0: part.varint = try varint()
        case 1: _ = try take(8)
        case 2: part.bytes = try take(try varint())
        case 5: _ = try take(4)
        default: throw APIFailure.badRequest("proto: wrong wireType = \(tag & 7)")
        }
        return part
    }

    private mutating func varint() throws -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { throw APIFailure.badRequest("unexpected EOF") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw APIFailure.badRequest("proto: integer overflow")
    }

    private mutating func take(_ count: UInt64) throws -> ArraySlice<UInt8> {
        guard count <= UInt64(rest.count) else { throw APIFailure.badRequest("unexpected EOF") }
        let bytes = rest.prefix(Int(count))
        rest = rest.dropFirst(Int(count))
        return bytes
    }
}
