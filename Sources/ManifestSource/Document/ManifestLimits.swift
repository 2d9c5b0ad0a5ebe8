/// The bounds of what is read from manifests. Each is far above real files and far below what would
/// hurt the machine; what passes one is a fault with its place.
package enum ManifestLimits {
    /// Bytes of a file: 100 000 Services with their slices in one JSON file take some 300 MB, and
    /// positions are kept in 32 bits.
    package static let fileBytes = 1 << 30
    /// Maps and lists inside each other. The deepest custom resource schemas reach some 60.
    package static let nestingDepth = 256
    /// Values of one object or list item: some 80 MB of nodes. An API object is at most 3 MB of JSON.
    package static let nodesPerObject = 2_000_000
    /// Values that aliases and merge keys copy in one YAML document: a few lines of nested aliases could
    /// otherwise stand for billions ("billion laughs").
    package static let aliasCopiesPerDocument = 100_000
    /// Faults kept of one file: a wrong folder must not fill the memory with them.
    package static let faultsPerFile = 1_000
    /// Folders inside each other below a given path: a loop of symbolic links ends here.
    package static let folderDepth = 32
}
