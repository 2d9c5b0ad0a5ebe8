package import NetworkTypes
package import ServiceTable

/// Something that makes a service table real. Calls block; they are made on one dedicated thread.
///
/// It never sees a Kubernetes object. After an error the caller knows nothing of what the kernel
/// holds, and asks for a full synchronisation next.
package protocol Dataplane: ~Copyable {
    /// The name in `--proxy-mode`.
    static var modeName: String { get }

    /// The order in which a table left by an earlier process holds its backends; empty when there is none.
    mutating func adoptOrder() throws(DataplaneError) -> AdoptedOrder

    /// Makes the kernel hold `table` in this family, whatever it holds now; changes only what differs.
    mutating func synchronize(_ table: ServiceTable, family: IPFamily) throws(DataplaneError) -> SyncReport

    /// Takes one step from the table last synchronised or applied. O(changed).
    mutating func apply(_ change: ServiceTableChange, family: IPFamily) throws(DataplaneError) -> SyncReport

    /// Removes everything this dataplane ever put into the kernel.
    ///
    /// - Returns: what was removed, one line each.
    mutating func cleanup() throws(DataplaneError) -> [String]
}

/// What one synchronisation sent to the kernel.
package struct SyncReport: Sendable, Hashable {
    package var transactions: Int
    package var elementsAdded: Int
    package var elementsDeleted: Int
    /// Chains and rules written, and chains deleted.
    package var rulesWritten: Int

    package init(transactions: Int = 0, elementsAdded: Int = 0, elementsDeleted: Int = 0, rulesWritten: Int = 0) {
        self.transactions = transactions
        self.elementsAdded = elementsAdded
        self.elementsDeleted = elementsDeleted
        self.rulesWritten = rulesWritten
    }

    /// Nothing had to be sent.
    package var isEmpty: Bool { transactions == 0 }
}

/// Why a dataplane could not do what it was asked.
package struct DataplaneError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// The process may not change the kernel's tables.
        case permission
        /// The kernel lacks what this mode stands on.
        case unsupported
        /// A newer version of this program wrote what the kernel holds; it was left as it is.
        case newerVersion
        /// The kernel refused a transaction; what it held before still stands.
        case refused
    }

    package let code: Code
    /// What was being done, and to which object.
    package let doing: String
    /// The kernel's own words.
    package let cause: String

    package init(_ code: Code, doing: String, cause: String) {
        self.code = code
        self.doing = doing
        self.cause = cause
    }

    package var description: String { "\(doing): \(cause)" }
}
