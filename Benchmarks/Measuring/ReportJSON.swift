internal import FoundationEssentials

extension Encodable {
    /// A report for machines: one line, keys sorted.
    package func reportJSON() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
