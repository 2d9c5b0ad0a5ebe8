/// How resource versions compare (KEP-5504): as decimal numbers of any length. What is no such number is only equal to
/// itself or different.
enum ResourceVersion {
    /// Whether `version` is later than `other`, or, where the two cannot be compared, another.
    static func isNewer(_ version: String, than other: String) -> Bool {
        guard isNumber(version), isNumber(other) else { return version != other }
        let digits = version.utf8
        let otherDigits = other.utf8
        guard digits.count == otherDigits.count else { return digits.count > otherDigits.count }
        return otherDigits.lexicographicallyPrecedes(digits)
    }

    /// Digits without a zero in front.
    private static func isNumber(_ version: String) -> Bool {
        guard let first = version.utf8.first, first != UInt8(ascii: "0") else { return false }
        return version.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
