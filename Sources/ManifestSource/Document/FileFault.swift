/// One thing wrong with a file of YAML or JSON, and where.
package struct FileFault: Error, Sendable, Hashable, CustomStringConvertible {
    package var path: String
    /// From 1; 0 when the fault concerns the file as a whole.
    package var line: Int
    /// From 1, in bytes for JSON and characters for YAML; 0 when the fault concerns the file as a whole.
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

extension FileFault: Comparable {
    /// By place, then by message.
    package static func < (a: FileFault, b: FileFault) -> Bool {
        (a.path, a.line, a.column, a.message) < (b.path, b.line, b.column, b.message)
    }
}

/// A line and column of a file, both from 1.
struct TextPosition: Hashable, Comparable {
    var line: UInt32
    var column: UInt32

    static func < (a: TextPosition, b: TextPosition) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// What a parser throws: the file is known to its caller.
struct SyntaxFault: Error {
    var position: TextPosition
    var message: String
}
