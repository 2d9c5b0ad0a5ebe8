import FoundationEssentials

/// What the README has in code type.
enum ReadmeMetrics {
    /// Pieces of code, without the backticks.
    static func code() throws -> [Substring] {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let readme = try String(contentsOfFile: "/\(root)/README.md", encoding: .utf8)
        let parts = readme.split(separator: "`", omittingEmptySubsequences: false)
        return parts.enumerated().filter { $0.offset % 2 == 1 }.map { $0.element }
    }

    /// The same up to the braces of labels.
    static func named() throws -> Set<String> {
        Set(try code().compactMap { $0.split(separator: "{").first }.map { String($0) })
    }
}
