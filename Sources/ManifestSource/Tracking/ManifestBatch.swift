package import ObjectStore

/// What changed since the last batch; the first holds everything and ends with `synced` of every kind.
package struct ManifestBatch: Sendable {
    package var events: [StoreEvent] = []
    /// Everything wrong now, by place.
    package var faults: [FileFault] = []
    /// What of `faults` the last batch did not have.
    package var newFaults: [FileFault] = []
    /// What the last batch had and is right now.
    package var mendedFaults: [FileFault] = []
    /// Allocated addresses and ports that gave way to Services naming them.
    package var moves: [AllocationMove] = []
    /// One line each, for an operator: about the state folder and the watches.
    package var warnings: [String] = []
    /// Objects of kinds that Fairway does not use, by kind.
    package var skippedKinds: [String: Int] = [:]
    /// Manifest files that were read, also those with faults.
    package var fileCount = 0
    /// Objects in use.
    package var objectCount = 0

    package init() {}

    /// Nothing to tell anybody.
    package var isEmpty: Bool {
        events.isEmpty && newFaults.isEmpty && mendedFaults.isEmpty && moves.isEmpty && warnings.isEmpty
    }
}

/// A file that was read anew, or is gone.
struct ManifestChange: Sendable {
    var path: String
    /// Nil: the file is gone.
    var contents: ManifestContents?
}
