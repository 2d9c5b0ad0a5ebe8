extension DomainName: LosslessStringConvertible {
    /// Parses presentation form (RFC 1035 section 5.1): labels with dots between, `\.` for a dot in a label and
    /// `\DDD` for any byte. The name is absolute with or without the final dot; "." is the root.
    public init?(_ text: String) {
        if text == "." {
            self = .root
            return
        }
        var labels: [[UInt8]] = []
        var label: [UInt8] = []
        var bytes = text.utf8.makeIterator()
        var endsWithDot = false
        while let byte = bytes.next() {
            endsWithDot = false
            switch byte {
            case UInt8(ascii: "."):
                guard !label.isEmpty else { return nil }
                labels.append(label)
                label = []
                endsWithDot = true
            case UInt8(ascii: "\\"):
                guard let escaped = Self.escaped(&bytes) else { return nil }
                label.append(escaped)
            default:
                label.append(byte)
            }
        }
        if !label.isEmpty { labels.append(label) }
        guard !labels.isEmpty, !label.isEmpty || endsWithDot else { return nil }
        self.init(labels: labels)
    }

    private static func escaped(_ bytes: inout String.UTF8View.Iterator) -> UInt8? {
        guard let first = bytes.next() else { return nil }
        guard let hundreds = digit(first) else { return first }
        guard let tens = bytes.next().flatMap(digit), let ones = bytes.next().flatMap(digit) else { return nil }
        return UInt8(exactly: hundreds * 100 + tens * 10 + ones)
    }

    private static func digit(_ byte: UInt8) -> Int? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte - UInt8(ascii: "0")) : nil
    }

    /// Presentation form with the final dot; bytes that are not printable ASCII as `\DDD`.
    public var description: String {
        if isRoot { return "." }
        var text: [UInt8] = []
        for label in labels {
            for byte in label {
                switch byte {
                case UInt8(ascii: "."), UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: ";"), UInt8(ascii: "("),
                    UInt8(ascii: ")"), UInt8(ascii: "@"), UInt8(ascii: "$"):
                    text += [UInt8(ascii: "\\"), byte]
                case 0x21...0x7E:
                    text.append(byte)
                default:
                    let digits = String(Int(byte) + 1000).utf8.dropFirst()
                    text += [UInt8(ascii: "\\")] + digits
                }
            }
            text.append(UInt8(ascii: "."))
        }
        return String(decoding: text, as: UTF8.self)
    }
}
