import FoundationEssentials

/// What the README has in code type.
enum ReadmeMetrics {
    /// Pieces of code, without the backticks.
    ///
    /// - Parameter section: of the section with this heading alone; nil: of all.
    static func code(of section: String? = nil) throws -> [Substring] {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        var readme = try String(contentsOfFile: "/\(root)/README.md", encoding: .utf8)
        if let section {
            let sections = readme.components(separatedBy: "\n## ")
            readme = sections.first { $0.hasPrefix("\(section)\n") } ?? ""
        }
        let parts = readme.split(separator: "`", omittingEmptySubsequences: false)
        return parts.enumerated().filter { $0.offset % 2 == 1 }.map { $0.element }
    }

    /// The same up to the braces of labels.
    static func named() throws -> Set<String> {
        Set(try code().compactMap { $0.split(separator: "{").first }.map { String($0) })
    }
}
