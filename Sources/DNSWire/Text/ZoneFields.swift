/// The fields of one line of a zone file (RFC 1035 section 5.1), taken from the left.
struct ZoneFields {
    private struct Field {
        /// Without the quotes, escapes as they are written.
        var text: [UInt8]
        var isQuoted: Bool
    }

    private var fields: [Field] = []
    private var next = 0

    /// nil when a quoted string or an escape has no end.
    init?(_ line: String) {
        let bytes = Array(line.utf8)
        var index = 0
        while index < bytes.count, bytes[index] != UInt8(ascii: ";") {
            switch bytes[index] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): index += 1
            default:
                guard let field = Self.field(bytes, &index) else { return nil }
                fields.append(field)
            }
        }
    }

    private static func field(_ bytes: [UInt8], _ index: inout Int) -> Field? {
        let isQuoted = bytes[index] == UInt8(ascii: "\"")
        if isQuoted { index += 1 }
        let start = index
        while index < bytes.count, !ends(bytes[index], isQuoted) {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard index <= bytes.count, !isQuoted || index < bytes.count else { return nil }
        defer { if isQuoted { index += 1 } }
        return Field(text: Array(bytes[start..<index]), isQuoted: isQuoted)
    }

    private static func ends(_ byte: UInt8, _ isQuoted: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "\""): true
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"), UInt8(ascii: ";"): !isQuoted
        default: false
        }
    }

    var isAtEnd: Bool { next == fields.count }

    /// A field that is not quoted.
    mutating func word() -> String? {
        guard let word = peek() else { return nil }
        next += 1
        return word
    }

    mutating func skip(_ word: String) -> Bool {
        guard peek() == word else { return false }
        next += 1
        return true
    }

    mutating func number<Number: FixedWidthInteger>() -> Number? {
        guard let word = peek(), word.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return nil }
        next += 1
        return Number(word)
    }

    mutating func name() -> DomainName? { word().flatMap { DomainName($0) } }

    /// Consumes nothing when there is no class.
    mutating func recordClass() -> RecordClass? {
        guard let word = peek(), let recordClass = RecordClass(word) else { return nil }
        next += 1
        return recordClass
    }

    /// Quoted or not; nil when it has more than 255 bytes.
    mutating func characterString() -> [UInt8]? {
        guard !isAtEnd, let bytes = CharacterString.unescaped(fields[next].text), bytes.count <= 255 else { return nil }
        next += 1
        return bytes
    }

    private func peek() -> String? {
        guard !isAtEnd, !fields[next].isQuoted else { return nil }
        return String(decoding: fields[next].text, as: UTF8.self)
    }
}
