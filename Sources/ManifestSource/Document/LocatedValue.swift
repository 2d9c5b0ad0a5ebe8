/// A value of a YAML or JSON document, and where it stands: for documents that are no manifests.
package struct LocatedValue: Sendable, Hashable {
    package indirect enum Content: Sendable, Hashable {
        case null
        case bool(Bool)
        /// As it was written.
        case number(String)
        case text(String)
        case list([LocatedValue])
        /// In the order of the text; a key may stand there twice.
        case map([Entry])
    }

    package struct Entry: Sendable, Hashable {
        package var key: String
        /// Of the key.
        package var line: Int
        package var column: Int
        package var value: LocatedValue
    }

    package var content: Content
    /// From 1.
    package var line: Int
    package var column: Int

    /// As a sentence names it.
    package var noun: String {
        switch content {
        case .null: "nothing"
        case .bool: "a boolean"
        case .number: "a number"
        case .text: "a string"
        case .list: "a list"
        case .map: "a map"
        }
    }

    /// The documents of a text, JSON if it begins with `{` or `[`, else YAML; empty ones are left out.
    ///
    /// - Parameter path: what the fault calls the text.
    /// - Throws: what keeps it from being read, with its place.
    package static func documents(_ bytes: [UInt8], path: String) throws(FileFault) -> [LocatedValue] {
        var sink = LocatedValueSink()
        do throws(SyntaxFault) {
            try ManifestContents.read(bytes, into: &sink)
        } catch {
            throw FileFault(
                path: path, line: Int(error.position.line), column: Int(error.position.column), message: error.message)
        }
        return sink.documents
    }
}

/// Copies the trees that the readers hand over.
private struct LocatedValueSink: DocumentSink {
    private(set) var documents: [LocatedValue] = []
    private var items: [LocatedValue] = []
    private var lines = LineCounter()

    mutating func listItem(_ tree: DocumentTree, of head: DocumentTree) {
        items.append(value(DocumentTree.root, of: tree))
    }

    mutating func endDocument(_ head: DocumentTree) {
        defer { items = [] }
        guard !head.isEmpty, !head.isNull(DocumentTree.root) else { return }
        var document = value(DocumentTree.root, of: head)
        // The readers hand over what is in `items` beforehand.
        if !items.isEmpty, case .map(var entries) = document.content,
            let index = entries.lastIndex(where: { $0.key == "items" })
        {
            entries[index].value.content = .list(items)
            document.content = .map(entries)
        }
        documents.append(document)
    }

    private mutating func value(_ index: DocumentTree.Index, of tree: DocumentTree) -> LocatedValue {
        let place = position(of: index, tree)
        return LocatedValue(content: content(index, of: tree), line: Int(place.line), column: Int(place.column))
    }

    private mutating func content(_ index: DocumentTree.Index, of tree: DocumentTree) -> LocatedValue.Content {
        switch tree.type(of: index) {
        case .null: return .null
        case .bool: return .bool(tree.bool(index) ?? false)
        case .number: return .number(tree.number(index) ?? "")
        case .string: return .text(tree.string(index) ?? "")
        case .list:
            var values: [LocatedValue] = []
            for child in tree.children(of: index) { values.append(value(child, of: tree)) }
            return .list(values)
        case .map:
            var entries: [LocatedValue.Entry] = []
            for (key, child) in tree.entries(of: index) {
                let place = position(of: key, tree)
                entries.append(
                    LocatedValue.Entry(
                        key: tree.string(key) ?? "", line: Int(place.line), column: Int(place.column),
                        value: value(child, of: tree)))
            }
            return .map(entries)
        }
    }

    private mutating func position(of index: DocumentTree.Index, _ tree: DocumentTree) -> TextPosition {
        let node = tree[index]
        guard node.line == 0 else { return TextPosition(line: node.line, column: node.column) }
        return lines.position(of: Int(node.column), in: tree.bytes)
    }
}
