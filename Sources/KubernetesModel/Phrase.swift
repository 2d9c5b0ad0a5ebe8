/// The wording of faults: that of the API server, so that a search for a message finds its documentation.
enum Phrase {
    static let required = "Required value"
    static let portRange = "must be between 1 and 65535, inclusive"
    static let address = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
    static let prefix = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
    static let maskedPrefix = "must not have bits set beyond the prefix length"
    static let timestamp = "must be a time as RFC 3339 writes it (e.g. 2006-01-02T15:04:05Z)"
    static let onePerFamily = "may specify no more than one IP for each IP family"
    static let atMostTwo = "may only hold up to 2 values"
    static let onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'"

    /// Bytes of a value that a message shows: a whole pasted document helps nobody.
    static let shownValueLimit = 256

    static func invalid(_ value: String, _ why: String) -> String { "Invalid value: \(quoted(value)): \(why)" }
    static func invalid(_ value: Int, _ why: String) -> String { "Invalid value: \(value): \(why)" }
    static func required(_ why: String) -> String { "Required value: \(why)" }
    static func forbidden(_ why: String) -> String { "Forbidden: \(why)" }
    static func duplicate(_ value: String) -> String { "Duplicate value: \(quoted(value))" }
    static func tooMany(_ count: Int, limit: Int) -> String { "Too many: \(count): must have at most \(limit) items" }

    static func unsupported(_ value: String, of supported: [String]) -> String {
        let list = supported.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
        return "Unsupported value: \(quoted(value)): supported values: \(list)"
    }

    /// In double quotes, with control characters, quotes and backslashes escaped: one line whatever the value.
    private static func quoted(_ value: String) -> String {
        var text = "\""
        for scalar in value.unicodeScalars {
            guard text.utf8.count < shownValueLimit else { return text + "...\"" }
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: text += "\\x" + hex(scalar.value)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    private static func hex(_ value: UInt32) -> String { (value < 16 ? "0" : "") + String(value, radix: 16) }
}
