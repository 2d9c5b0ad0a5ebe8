import FoundationEssentials

/// What the README has in code type.
enum ReadmeMetrics {
    struct NoSection: Error { let name: String }

    /// Pieces of code, without the backticks.
    ///
    /// - Parameter section: what is under this heading only; nil: all.
    static func code(in section: String? = nil) throws -> [Substring] {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let readme = try String(contentsOfFile: "/\(root)/README.md", encoding: .utf8)
        let sections = ("\n" + readme).components(separatedBy: "\n## ")
        guard let text = section.map({ name in sections.first { $0.hasPrefix(name + "\n") } }) ?? readme else {
            throw NoSection(name: section ?? "")
        }
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        return parts.enumerated().filter { $0.offset % 2 == 1 }.map { $0.element }
    }

    /// The same up to the braces of labels.
    static func named() throws -> Set<String> {
        Set(try code().compactMap { $0.split(separator: "{").first }.map { String($0) })
    }
}
