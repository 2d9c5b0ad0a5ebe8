/// The text form of character strings (RFC 1035 section 5.1).
enum CharacterString {
    /// In quotes; quotes and backslashes escaped, bytes that are not printable ASCII as `\DDD`.
    static func quoted(_ bytes: [UInt8]) -> String {
        var text = [UInt8(ascii: "\"")]
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case 0x20...0x7E: text.append(byte)
            default: text += [UInt8(ascii: "\\")] + String(Int(byte) + 1000).utf8.dropFirst()
            }
        }
        text.append(UInt8(ascii: "\""))
        return String(decoding: text, as: UTF8.self)
    }

    /// nil when an escape is not whole or is more than 255.
    static func unescaped(_ text: [UInt8]) -> [UInt8]? {
        var bytes: [UInt8] = []
        var index = 0
        while index < text.count {
            guard text[index] == UInt8(ascii: "\\") else {
                bytes.append(text[index])
                index += 1
                continue
            }
            guard let escape = escaped(text[(index + 1)...]) else { return nil }
            bytes.append(escape.byte)
            index += 1 + escape.count
        }
        return bytes
    }

    /// What stands after a backslash: three digits, or a byte that means itself.
    private static func escaped(_ text: ArraySlice<UInt8>) -> (byte: UInt8, count: Int)? {
        guard let first = text.first else { return nil }
        guard digit(first) != nil else { return (first, 1) }
        let digits = text.prefix(3).compactMap(digit)
        guard digits.count == 3 else { return nil }
        return UInt8(exactly: digits.reduce(0) { $0 * 10 + $1 }).map { ($0, 3) }
    }

    private static func digit(_ byte: UInt8) -> Int? {
        byte &- UInt8(ascii: "0") < 10 ? Int(byte &- UInt8(ascii: "0")) : nil
    }
}
