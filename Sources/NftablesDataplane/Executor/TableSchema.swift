/// The version of what the table's sets and chains mean, kept in the table's comment.
///
/// It goes up with every layout that an older version must not write into. A table of an older schema
/// is replaced; one of a newer schema is left alone. Tables from before there were versions have none.
package enum TableSchema {
    package static let current = 2

    private static let marker = ", schema "

    package static func comment(_ version: Int) -> String { "Kubernetes Services, kept by Fairway\(marker)\(version)" }

    /// The version that a table's comment states; nil when it states none.
    package static func version(in comment: String?) -> Int? {
        guard let comment else { return nil }
        let digits = comment.utf8.reversed().prefix { UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9") }
        guard !digits.isEmpty, comment.dropLast(digits.count).hasSuffix(marker) else { return nil }
        return Int(comment.suffix(digits.count))
    }
}
