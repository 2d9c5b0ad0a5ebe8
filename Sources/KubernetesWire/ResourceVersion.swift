/// How versions of objects and lists, `metadata.resourceVersion`, compare (KEP-5504): as decimal numbers of any length. Of
/// a server whose versions are no such numbers, nothing is known but whether two are the same.
package enum ResourceVersion {
    /// Whether `version` is later than `other`, or, where the two cannot be compared, another.
    package static func isNewer(_ version: String, than other: String) -> Bool {
        guard isNumber(version), isNumber(other) else { return version != other }
        return exceeds(version.utf8, other.utf8)
    }

    /// Whether `version` is known to be earlier than `other`.
    package static func isOlder(_ version: String, than other: String) -> Bool {
        isNumber(version) && isNumber(other) && exceeds(other.utf8, version.utf8)
    }

    private static func exceeds(_ digits: String.UTF8View, _ others: String.UTF8View) -> Bool {
        guard digits.count == others.count else { return digits.count > others.count }
        return others.lexicographicallyPrecedes(digits)
    }

    /// Digits without a zero in front.
    private static func isNumber(_ version: String) -> Bool {
        guard let first = version.utf8.first, first != UInt8(ascii: "0") else { return false }
        return version.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
