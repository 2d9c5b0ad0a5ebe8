/// One thing wrong with a configuration file, and where.
package struct ConfigurationFault: Sendable, Hashable, CustomStringConvertible {
    package var path: String
    /// From 1; 0 when the fault concerns the file as a whole.
    package var line: Int
    package var column: Int
    package var message: String

    package init(path: String, line: Int = 0, column: Int = 0, message: String) {
        self.path = path
        self.line = line
        self.column = column
        self.message = message
    }

    /// `path:line:column: message`, or `path: message`.
    package var description: String {
        line > 0 ? "\(path):\(line):\(column): \(message)" : "\(path): \(message)"
    }
}

/// Everything that is wrong with a configuration file.
package struct ConfigurationFaults: Error, Sendable, Hashable, CustomStringConvertible {
    /// In the order of the file; at least one.
    package let faults: [ConfigurationFault]

    init(_ faults: [ConfigurationFault]) { self.faults = faults.sorted { ($0.line, $0.column) < ($1.line, $1.column) } }

    /// A line for each.
    package var description: String { faults.map(\.description).joined(separator: "\n") }
}
