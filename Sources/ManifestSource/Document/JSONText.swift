/// JSON string literals (RFC 8259 section 7).
package enum JSONText {
    /// The text of a literal without its quotes, nil when an escape or the UTF-8 is bad. A lone surrogate
    /// becomes U+FFFD, as the API server reads it.
    static func unescaped(_ raw: ArraySlice<UInt8>) -> String? {
        var result: [UInt8] = []
        result.reserveCapacity(raw.count)
        var index = raw.startIndex
        while index < raw.endIndex {
            let byte = raw[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard index < raw.endIndex else { return nil }
            let escape = raw[index]
            index += 1
            if escape == UInt8(ascii: "u") {
                guard let scalar = unicodeEscape(raw, &index) else { return nil }
                result.append(contentsOf: String(scalar).utf8)
            } else {
                guard let simple = simpleEscape(escape) else { return nil }
                result.append(simple)
            }
        }
        return String(validating: result, as: UTF8.self)
    }

    private static func simpleEscape(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
        case UInt8(ascii: "b"): 8
        case UInt8(ascii: "f"): 12
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "r"): 13
        case UInt8(ascii: "t"): 9
        default: nil
        }
    }

    private static func unicodeEscape(_ raw: ArraySlice<UInt8>, _ index: inout Int) -> Unicode.Scalar? {
        guard let first = codeUnit(raw, &index) else { return nil }
        if let scalar = Unicode.Scalar(first) { return scalar }
        var next = index
        guard (0xD800..<0xDC00).contains(first), next + 1 < raw.endIndex, raw[next] == UInt8(ascii: "\\"),
            raw[next + 1] == UInt8(ascii: "u")
        else { return "\u{FFFD}" }
        next += 2
        guard let second = codeUnit(raw, &next), (0xDC00..<0xE000).contains(second) else { return "\u{FFFD}" }
        index = next
        let value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        return Unicode.Scalar(value)
    }

    private static func codeUnit(_ raw: ArraySlice<UInt8>, _ index: inout Int) -> UInt16? {
        guard index + 4 <= raw.endIndex else { return nil }
        var value: UInt16 = 0
        for byte in raw[index..<index + 4] {
            guard let digit = hexDigit(byte) else { return nil }
            value = value << 4 | UInt16(digit)
        }
        index += 4
        return value
    }

    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// A string as a JSON literal with its quotes.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
