/// Swift source with comments and the text of strings blanked out, line by line.
///
/// Interpolated code stays code; regex literals are not known to it.
struct SwiftText {
    /// Code alone, each line as long as the source's.
    private(set) var code: [String] = []
    /// The comments of each line.
    private(set) var comments: [String] = []

    private enum Mode: Equatable {
        /// In an interpolation, `parentheses` counts those open; at the top it is nil.
        case code(parentheses: Int?)
        case string(hashes: Int, multiline: Bool)
    }

    init(_ source: String) {
        var codeLine = ""
        var commentLine = ""
        var modes: [Mode] = [.code(parentheses: nil)]
        var blockDepth = 0
        let text = Array(source.unicodeScalars)
        var index = 0

        func matches(_ pattern: String, at start: Int) -> Bool {
            let scalars = Array(pattern.unicodeScalars)
            return start + scalars.count <= text.count && Array(text[start..<start + scalars.count]) == scalars
        }
        func hashCount(at start: Int) -> Int {
            text[start...].prefix { $0 == "#" }.count
        }

        while index < text.count {
            let scalar = text[index]
            if scalar == "\n" {
                code.append(codeLine)
                comments.append(commentLine)
                (codeLine, commentLine) = ("", "")
                if case .string(_, multiline: false) = modes[modes.count - 1] { modes.removeLast() }
                index += 1
                continue
            }
            if blockDepth > 0 {
                if matches("*/", at: index) {
                    blockDepth -= 1
                    index += 2
                } else if matches("/*", at: index) {
                    blockDepth += 1
                    index += 2
                } else {
                    commentLine.unicodeScalars.append(scalar)
                    index += 1
                }
                continue
            }
            switch modes[modes.count - 1] {
            case .code(let parentheses):
                if matches("//", at: index) {
                    while index < text.count, text[index] != "\n" {
                        commentLine.unicodeScalars.append(text[index])
                        index += 1
                    }
                    continue
                }
                if matches("/*", at: index) {
                    blockDepth = 1
                    index += 2
                    continue
                }
                let hashes = hashCount(at: index)
                if matches("\"", at: index + hashes) {
                    let multiline = matches("\"\"\"", at: index + hashes)
                    modes.append(.string(hashes: hashes, multiline: multiline))
                    codeLine += "\""
                    index += hashes + (multiline ? 3 : 1)
                    continue
                }
                if let parentheses {
                    if scalar == "(" { modes[modes.count - 1] = .code(parentheses: parentheses + 1) }
                    if scalar == ")" {
                        if parentheses == 1 { modes.removeLast() } else {
                            modes[modes.count - 1] = .code(parentheses: parentheses - 1)
                        }
                    }
                }
                codeLine.unicodeScalars.append(scalar)
                index += 1
            case .string(let hashes, let multiline):
                let marks = String(repeating: "#", count: hashes)
                let quote = multiline ? "\"\"\"" : "\""
                if matches("\\" + marks + "(", at: index) {
                    modes.append(.code(parentheses: 1))
                    codeLine += "("
                    index += hashes + 2
                } else if matches("\\" + marks, at: index), index + hashes + 1 < text.count,
                    text[index + hashes + 1] != "\n"
                {
                    index += hashes + 2
                } else if matches(quote + marks, at: index) {
                    modes.removeLast()
                    codeLine += "\""
                    index += quote.count + hashes
                } else {
                    codeLine += " "
                    index += 1
                }
            }
        }
        code.append(codeLine)
        comments.append(commentLine)
    }

    /// Modules imported, with their lines from 1.
    var imports: [(line: Int, module: String)] {
        code.enumerated().compactMap { index, line in
            let words = line.split(separator: " ")
            guard let keyword = words.firstIndex(of: "import"),
                words[..<keyword].allSatisfy({ Self.importModifiers.contains(String($0)) || $0.hasPrefix("@") }),
                keyword + 1 < words.count
            else { return nil }
            var name = words[keyword + 1]
            if Self.importKinds.contains(String(name)), keyword + 2 < words.count { name = words[keyword + 2] }
            return (index + 1, String(name.prefix { $0 != "." && $0 != ";" }))
        }
    }

    private static let importModifiers: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
    private static let importKinds: Set<String> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias", "actor",
    ]
}
