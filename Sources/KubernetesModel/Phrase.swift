/// The wording of faults: that of the API server, so that a search for a message finds its documentation.
package enum Phrase {
    package static let required = "Required value"
    package static let portRange = "must be between 1 and 65535, inclusive"
    package static let address = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
    package static let prefix = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
    package static let maskedPrefix = "must not have bits set beyond the prefix length"
    package static let cpuQuantity = "must be a quantity of CPU (e.g. 4, 1.5 or 3920m)"
    package static let timestamp = "must be a time as RFC 3339 writes it (e.g. 2006-01-02T15:04:05Z)"
    package static let onePerFamily = "may specify no more than one IP for each IP family"
    package static let atMostTwo = "may only hold up to 2 values"
    package static let onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'"

    /// Bytes of a value that a message shows: a whole pasted document helps nobody.
    package static let shownValueLimit = 256

    package static func invalid(_ value: String, _ why: String) -> String { "Invalid value: \(quoted(value)): \(why)" }
    package static func invalid(_ value: Int, _ why: String) -> String { "Invalid value: \(value): \(why)" }
    package static func required(_ why: String) -> String { "Required value: \(why)" }
    package static func forbidden(_ why: String) -> String { "Forbidden: \(why)" }
    package static func duplicate(_ value: String) -> String { "Duplicate value: \(quoted(value))" }
    package static func tooMany(_ count: Int, limit: Int) -> String { "Too many: \(count): must have at most \(limit) items" }

    package static func unsupported(_ value: String, of supported: [String]) -> String {
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
