/// Why the fake refused a transaction.
package struct FakeNftablesError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The errno the kernel would give.
    package enum Code: String, Sendable, Hashable {
        /// ENOENT
        case notFound = "ENOENT"
        /// EEXIST
        case exists = "EEXIST"
        /// EBUSY
        case busy = "EBUSY"
        /// EINVAL
        case invalid = "EINVAL"
        /// ERANGE
        case range = "ERANGE"
        /// ENFILE
        case full = "ENFILE"
        /// EOPNOTSUPP
        case unsupported = "EOPNOTSUPP"
        /// EMLINK
        case tooDeep = "EMLINK"
        /// ENODATA
        case noData = "ENODATA"
    }

    package let code: Code
    /// Index of the refused operation in its transaction.
    package let index: Int
    /// The operation and the object it stumbled over.
    package let doing: String

    package var description: String { "operation \(index): \(doing): \(code.rawValue)" }
}
