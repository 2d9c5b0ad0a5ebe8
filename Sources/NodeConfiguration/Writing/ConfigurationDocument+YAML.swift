internal import ManifestSource

extension ConfigurationDocument {
    /// The whole configuration as YAML: what is set, and the default of every other field.
    ///
    /// Fields of the schema without a default are written when they are set. Reading it gives what is in force here.
    package var yaml: String {
        var root = Branch()
        for field in schema.fields {
            guard let value = setting(field.path) ?? (field.hasStandard ? field.standard : nil) else { continue }
            root.insert(value, at: field.components[...])
        }
        return "apiVersion: \(schema.apiVersion)\n" + YAMLText.lines(root, indent: 0) + "kind: \(schema.kind)\n"
    }
}

/// Fields below each other, in the order they came in.
private struct Branch {
    indirect enum Child {
        case leaf(ConfigurationValue)
        case branch(Branch)
    }

    var children: [(name: String, child: Child)] = []

    mutating func insert(_ value: ConfigurationValue, at path: ArraySlice<Substring>) {
        guard let first = path.first.map(String.init) else { return }
        guard path.count > 1 else {
            children.append((first, .leaf(value)))
            return
        }
        var below = Branch()
        let index = children.firstIndex { $0.name == first } ?? children.count
        if index < children.count, case .branch(let known) = children[index].child { below = known }
        below.insert(value, at: path.dropFirst())
        if index < children.count { children[index].child = .branch(below) } else { children.append((first, .branch(below))) }
    }
}

private enum YAMLText {
    static func lines(_ branch: Branch, indent: Int) -> String {
        branch.children.map { name, child in
            switch child {
            case .leaf(let value): field(scalar(name), value, indent: indent)
            case .branch(let below): margin(indent) + "\(name):\n" + lines(below, indent: indent + 1)
            }
        }.joined()
    }

    private static func margin(_ indent: Int) -> String { String(repeating: "  ", count: indent) }

    private static func field(_ name: String, _ value: ConfigurationValue, indent: Int) -> String {
        switch value {
        case .list(let items) where !items.isEmpty:
            margin(indent) + "\(name):\n" + items.map { item($0, indent: indent) }.joined()
        case .map(let entries) where !entries.isEmpty:
            margin(indent) + "\(name):\n"
                + entries.sorted { $0.key < $1.key }.map { field(scalar($0.key), $0.value, indent: indent + 1) }.joined()
        default: margin(indent) + "\(name): \(inline(value))\n"
        }
    }

    /// Lists below lists, and maps below them, are written in one line: YAML takes JSON.
    private static func item(_ value: ConfigurationValue, indent: Int) -> String {
        margin(indent) + "- \(inline(value))\n"
    }

    private static func inline(_ value: ConfigurationValue) -> String {
        switch value {
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number: value.flagText
        case .text(let text): scalar(text)
        case .list(let items): "[" + items.map(inline).joined(separator: ", ") + "]"
        case .map(let entries):
            "{" + entries.sorted { $0.key < $1.key }.map { "\(JSONText.quoted($0.key)): \(inline($0.value))" }.joined(separator: ", ") + "}"
        }
    }

    /// Plain where no reader can take it for something else, else in quotes.
    private static func scalar(_ text: String) -> String {
        let isWord = text.utf8.allSatisfy { byte in
            switch UnicodeScalar(byte) {
            case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", "/": true
            default: false
            }
        }
        let begins = text.utf8.first.map { ("a"..."z").contains(UnicodeScalar($0)) || ("A"..."Z").contains(UnicodeScalar($0)) || $0 == UInt8(ascii: "/") }
        let isDuration = text.last?.isLetter == true && GoDuration.parse(text) != nil
        let reserved: Set<String> = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
        let isPlain = isWord && (begins == true || isDuration) && !reserved.contains(text.lowercased())
        return isPlain ? text : JSONText.quoted(text)
    }
}
