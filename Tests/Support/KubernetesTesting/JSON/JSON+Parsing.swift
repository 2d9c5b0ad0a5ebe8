/// Why a text is no JSON, and where.
package struct JSONSyntaxError: Error, Hashable, CustomStringConvertible {
    package var offset: Int
    package var reason: String
    package var description: String { "\(reason) at byte \(offset)" }
}

extension JSON {
    /// - Throws: ``JSONSyntaxError``.
    package init(parsing bytes: some Collection<UInt8>) throws {
        var parser = JSONParser(bytes: Array(bytes))
        self = try parser.document()
    }

    /// - Throws: ``JSONSyntaxError``.
    package init(parsing text: String) throws { try self.init(parsing: text.utf8) }
}

/// RFC 8259, with a limit to the depth. Of members with one name the last stands.
struct JSONParser {
    /// Objects in objects; what the API knows has a dozen. A deeper text is refused.
    static let depthLimit = 200

    private let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        if position < bytes.count { throw fault("more after the value") }
        return value
    }

    private func fault(_ reason: String) -> JSONSyntaxError { JSONSyntaxError(offset: position, reason: reason) }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func value(depth: Int) throws -> JSON {
        if depth > Self.depthLimit { throw fault("more than \(Self.depthLimit) levels") }
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case nil: throw fault("unexpected end of JSON input")
        default: return try number()
        }
    }

    private mutating func word(_ text: String, _ value: JSON) throws -> JSON {
        guard bytes[position...].starts(with: text.utf8) else { throw fault("no value") }
        position += text.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws -> JSON {
        position += 1
        var members: [(key: String, value: JSON)] = []
        skipSpace()
        if current == UInt8(ascii: "}") {
            position += 1
            return .emptyObject
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw fault("no name of a member") }
            let key = try string()
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw fault("no colon") }
            position += 1
            let value = try value(depth: depth + 1)
            if let index = members.firstIndex(where: { $0.key == key }) {
                members[index].value = value
            } else {
                members.append((key, value))
            }
            skipSpace()
            guard let byte = current else { throw fault("unexpected end of JSON input") }
            position += 1
            if byte == UInt8(ascii: "}") { return .object(JSONObject(distinct: members)) }
            if byte != UInt8(ascii: ",") { throw fault("neither comma nor end of an object") }
        }
    }

    private mutating func array(depth: Int) throws -> JSON {
        position += 1
        var elements: [JSON] = []
        skipSpace()
        if current == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            guard let byte = current else { throw fault("unexpected end of JSON input") }
            position += 1
            if byte == UInt8(ascii: "]") { return .array(elements) }
            if byte != UInt8(ascii: ",") { throw fault("neither comma nor end of an array") }
        }
    }

    private mutating func number() throws -> JSON {
        let start = position
        while let byte = current, "+-0123456789.eE".utf8.contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw fault("no value") }
        return .double(value)
    }

    private mutating func string() throws -> String {
        position += 1
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { position += 1 }
        if current == UInt8(ascii: "\"") {
            position += 1
            return String(decoding: bytes[start..<position - 1], as: UTF8.self)
        }
        return try escapedString(from: start)
    }

    private mutating func escapedString(from start: Int) throws -> String {
        var units = Array(bytes[start..<position])
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &units)
            default: units.append(byte)
            }
        }
        throw fault("unexpected end of JSON input")
    }

    private mutating func escape(into units: inout [UInt8]) throws {
        guard let byte = current else { throw fault("unexpected end of JSON input") }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): units.append(0x0A)
        case UInt8(ascii: "t"): units.append(0x09)
        case UInt8(ascii: "r"): units.append(0x0D)
        case UInt8(ascii: "b"): units.append(0x08)
        case UInt8(ascii: "f"): units.append(0x0C)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(byte)
        case UInt8(ascii: "u"):
            var code = UInt32(try hexadecimal())
            if code >> 10 == 0x36, bytes[position...].starts(with: "\\u".utf8) {
                position += 2
                code = 0x10000 + (code & 0x3FF) << 10 + UInt32(try hexadecimal()) & 0x3FF
            }
            units.append(contentsOf: String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
        default: throw fault("unknown escape")
        }
    }

    private mutating func hexadecimal() throws -> UInt16 {
        guard position + 4 <= bytes.count,
            let value = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw fault("no four hexadecimal digits") }
        position += 4
        return value
    }
}
