/// The anchored values of one YAML document, copied out of the trees that are let go.
struct YAMLAnchors {
    private var tree = DocumentTree()
    private var roots: [String: DocumentTree.Index] = [:]
    private var copies = 0

    mutating func removeAll() {
        copies = 0
        guard !roots.isEmpty else { return }
        roots.removeAll()
        tree = DocumentTree()
    }

    /// Remembers a whole value. A later anchor of the same name takes its place (YAML 1.2, 7.1).
    mutating func define(_ name: String, _ index: DocumentTree.Index, in source: DocumentTree) {
        roots[name] = Self.copy(index, of: source, into: &tree, parent: -1)
    }

    /// Appends a copy of an anchored value, which keeps the place where it was written.
    ///
    /// - Throws: a fault at the alias for an unknown anchor, or past ``ManifestLimits/aliasCopiesPerDocument``.
    mutating func copy(
        _ name: String, into target: inout DocumentTree, parent: DocumentTree.Index, at position: TextPosition
    ) throws(SyntaxFault) -> DocumentTree.Index {
        guard let root = roots[name] else {
            throw SyntaxFault(position: position, message: "no anchor &\(name) comes before the alias *\(name)")
        }
        copies += Self.size(root, tree, upTo: ManifestLimits.aliasCopiesPerDocument)
        guard copies <= ManifestLimits.aliasCopiesPerDocument else {
            throw SyntaxFault(
                position: position,
                message: "aliases stand for more than \(ManifestLimits.aliasCopiesPerDocument) values")
        }
        return Self.copy(root, of: tree, into: &target, parent: parent)
    }

    private static func size(_ root: DocumentTree.Index, _ tree: DocumentTree, upTo limit: Int) -> Int {
        var count = 0
        var pending = [root]
        while let index = pending.popLast(), count <= limit {
            count += 1
            pending.append(contentsOf: tree.children(of: index))
        }
        return count
    }

    /// Copies a value. Each alias inside an anchored value deepens it by at most `nestingDepth`, and
    /// ``ManifestLimits/aliasCopiesPerDocument`` bounds the sum.
    private static func copy(
        _ index: DocumentTree.Index, of source: DocumentTree, into target: inout DocumentTree,
        parent: DocumentTree.Index
    ) -> DocumentTree.Index {
        let original = source[index]
        var node = DocumentTree.Node(
            kind: original.kind, line: original.line, column: original.column, parent: parent)
        node.start = UInt32(target.bytes.count)
        node.length = original.length
        target.bytes.append(contentsOf: source.raw(index))
        let copy = target.append(node)
        for child in source.children(of: index) { _ = Self.copy(child, of: source, into: &target, parent: copy) }
        return copy
    }
}
