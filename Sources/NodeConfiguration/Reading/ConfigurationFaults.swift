package import ManifestSource

/// Everything that is wrong with a configuration file.
package struct ConfigurationFaults: Error, Sendable, Hashable, CustomStringConvertible {
    /// In the order of the file; at least one.
    package let faults: [FileFault]

    init(_ faults: [FileFault]) { self.faults = faults.sorted { ($0.line, $0.column) < ($1.line, $1.column) } }

    /// A line for each.
    package var description: String { faults.map(\.description).joined(separator: "\n") }
}
