internal import Dataplane
internal import Netlink

/// What one transaction does to the table.
struct RedirectionPlan: Sendable {
    /// The table is made anew, with all sets and chains.
    var replacesTable = false
    /// Chains whose rules are written anew.
    var chains: [String: [NftablesRule]] = [:]
    /// Sets of ranges whose contents are written anew.
    var ranges: [RedirectionSet: [NftablesElement]] = [:]
    var deletions: [RedirectionSet: [NftablesElement]] = [:]
    var additions: [RedirectionSet: [NftablesElement]] = [:]

    var isEmpty: Bool {
        !replacesTable && chains.isEmpty && ranges.isEmpty && deletions.isEmpty && additions.isEmpty
    }

    var report: SyncReport {
        guard !isEmpty else { return SyncReport() }
        return SyncReport(
            transactions: 1,
            elementsAdded: additions.values.reduce(0) { $0 + $1.count } + ranges.values.reduce(0) { $0 + $1.count },
            elementsDeleted: deletions.values.reduce(0) { $0 + $1.count },
            rulesWritten: chains.values.reduce(0) { $0 + $1.count })
    }
}
