extension DocumentTree {
    /// The JSON type of a value.
    enum ValueType: String {
        case null, bool, number, string
        case list = "array"
        case map = "object"

        /// As a sentence names it.
        var noun: String {
            switch self {
            case .null: "nothing"
            case .bool, .number, .string: "a \(rawValue)"
            case .list: "a list"
            case .map: "a map"
            }
        }
    }

    /// The type of a value, that of a plain YAML scalar being what kubectl makes of it: the words of
    /// YAML 1.1 are booleans, so that `yes` where a string belongs is told and not guessed.
    func type(of index: Index) -> ValueType {
        switch self[index].kind {
        case .plain: Self.plainType(raw(index))
        case .text, .escapedText: .string
        case .number: .number
        case .boolTrue, .boolFalse: .bool
        case .null: .null
        case .sequence: .list
        case .mapping: .map
        }
    }

    func isNull(_ index: Index) -> Bool {
        let node = self[index]
        return node.kind == .null || node.kind == .plain && Self.isNull(raw(index))
    }

    /// The boolean a value stands for, nil when it is none.
    func bool(_ index: Index) -> Bool? {
        switch self[index].kind {
        case .boolTrue: true
        case .boolFalse: false
        case .plain: Self.plainBool(raw(index))
        default: nil
        }
    }

    /// The text of a number, nil when the value is none.
    func number(_ index: Index) -> String? {
        guard type(of: index) == .number else { return nil }
        return string(index)
    }

    /// A whole number of a type; nil for other values, and for those that do not fit.
    func integer<Integer: FixedWidthInteger>(_ index: Index, as type: Integer.Type) -> Integer? {
        guard let text = number(index) else { return nil }
        if let value = Integer(text) { return value }
        if text.hasPrefix("0x") { return Integer(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0o") { return Integer(text.dropFirst(2), radix: 8) }
        // 8e1 and 80.0 are whole numbers too.
        return Double(text).flatMap { Integer(exactly: $0) }
    }

    private static func plainType(_ text: ArraySlice<UInt8>) -> ValueType {
        if isNull(text) { return .null }
        if plainBool(text) != nil { return .bool }
        return isNumber(text) ? .number : .string
    }

    private static func isNull(_ text: ArraySlice<UInt8>) -> Bool {
        switch text.count {
        case 0: true
        case 1: text.first == UInt8(ascii: "~")
        case 4: ["null", "Null", "NULL"].contains { text.elementsEqual($0.utf8) }
        default: false
        }
    }

    private static func plainBool(_ text: ArraySlice<UInt8>) -> Bool? {
        guard (2...5).contains(text.count) else { return nil }
        let string = String(decoding: text, as: UTF8.self)
        switch string {
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return true
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return false
        default: return nil
        }
    }

    /// Decimal, `0x`, `0o`, with fraction and exponent. A leading zero (`0640`) is octal to some readers
    /// and decimal to others: it is a number here, and refused where one is asked for.
    private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard let first = rest.first, isDigit(first) || first == UInt8(ascii: ".") else { return false }
        if rest.starts(with: "0x".utf8) { return rest.count > 2 && rest.dropFirst(2).allSatisfy { JSONText.hexDigit($0) != nil } }
        if rest.starts(with: "0o".utf8) { return rest.count > 2 && rest.dropFirst(2).allSatisfy { (0x30...0x37).contains($0) } }
        var digits = rest.prefix(while: isDigit).count
        rest = rest.dropFirst(digits)
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let fraction = rest.prefix(while: isDigit).count
            digits += fraction
            rest = rest.dropFirst(fraction)
        }
        guard digits > 0 else { return false }
        guard let exponent = rest.first else { return true }
        guard exponent | 0x20 == UInt8(ascii: "e") else { return false }
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(isDigit)
    }

    /// A plain number that begins with a zero and goes on with digits.
    func hasLeadingZero(_ index: Index) -> Bool {
        let digits = raw(index).drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        guard digits.first == UInt8(ascii: "0"), let second = digits.dropFirst().first else { return false }
        return Self.isDigit(second)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
