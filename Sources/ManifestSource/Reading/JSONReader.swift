/// Reads a JSON file object by object: one value after another, a list item by item.
///
/// The bytes of scalars stay in the file; a node is an offset into it. An array under the key `items` of
/// a top-level object is never held as a whole.
struct JSONReader {
    private let bytes: [UInt8]
    private var offset: Int

    init(bytes: [UInt8]) {
        self.bytes = bytes
        self.offset = bytes.starts(with: ByteOrderMark.utf8) ? ByteOrderMark.utf8.count : 0
    }

    /// The tree of a text that is one JSON value, nil when it is not.
    static func tree(of bytes: [UInt8]) -> DocumentTree? {
        var reader = JSONReader(bytes: bytes)
        var tree = DocumentTree(bytes: bytes)
        guard (try? reader.readValue(&tree, -1, depth: 0)) != nil else { return nil }
        reader.skipSpace()
        return reader.offset == bytes.count ? tree : nil
    }

    /// Hands every object to the sink. What was read before a fault has been handed over.
    ///
    /// - Returns: where YAML goes on after JSON, at a line `---` or a comment; nil: it is JSON to the end.
    mutating func read(into sink: inout some DocumentSink) throws(SyntaxFault) -> Int? {
        var head = DocumentTree(bytes: bytes)
        var item = DocumentTree(bytes: bytes)
        skipSpace()
        while offset < bytes.count {
            head.removeAllNodes()
            try readDocument(&head, &item, into: &sink)
            sink.endDocument(head)
            skipSpace()
            if isAtYAML { return offset }
        }
        return nil
    }

    /// What no JSON begins with, at the beginning of a line.
    private var isAtYAML: Bool {
        guard offset > 0, offset < bytes.count, bytes[offset - 1] == 0x0A else { return false }
        if peek == UInt8(ascii: "#") { return true }
        guard bytes[offset...].starts(with: "---".utf8) else { return false }
        return offset + 3 == bytes.count || [0x20, 0x09, 0x0A, 0x0D].contains(bytes[offset + 3])
    }

    private mutating func readDocument(
        _ head: inout DocumentTree, _ item: inout DocumentTree, into sink: inout some DocumentSink
    ) throws(SyntaxFault) {
        guard peek == UInt8(ascii: "{") else {
            throw fault("a manifest must be a map of fields, found \(describeNext())")
        }
        let root = head.append(node(.mapping, parent: -1))
        offset += 1
        var first = true
        while try nextMember(closedBy: UInt8(ascii: "}"), &first) {
            let key = try readKey(&head, root)
            skipSpace()
            if peek == UInt8(ascii: "["), head.string(key) == "items" {
                head.append(node(.sequence, parent: root))
                try readItems(of: head, &item, into: &sink)
            } else {
                try readValue(&head, root, depth: 1)
            }
        }
    }

    private mutating func readItems(
        of head: DocumentTree, _ item: inout DocumentTree, into sink: inout some DocumentSink
    ) throws(SyntaxFault) {
        offset += 1
        var first = true
        while try nextMember(closedBy: UInt8(ascii: "]"), &first) {
            item.removeAllNodes()
            try readValue(&item, -1, depth: 2)
            sink.listItem(item, of: head)
        }
    }

    private mutating func readValue(
        _ tree: inout DocumentTree, _ parent: DocumentTree.Index, depth: Int
    ) throws(SyntaxFault) {
        skipSpace()
        guard tree.nodes.count < ManifestLimits.nodesPerObject else {
            throw fault("more than \(ManifestLimits.nodesPerObject) values in one object")
        }
        switch peek {
        case UInt8(ascii: "\""): try readString(&tree, parent)
        case UInt8(ascii: "{"):
            let mapping = try open(.mapping, &tree, parent, depth)
            var first = true
            while try nextMember(closedBy: UInt8(ascii: "}"), &first) {
                try readKey(&tree, mapping)
                try readValue(&tree, mapping, depth: depth + 1)
            }
        case UInt8(ascii: "["):
            let sequence = try open(.sequence, &tree, parent, depth)
            var first = true
            while try nextMember(closedBy: UInt8(ascii: "]"), &first) {
                try readValue(&tree, sequence, depth: depth + 1)
            }
        case UInt8(ascii: "t"): try readWord("true", .boolTrue, &tree, parent)
        case UInt8(ascii: "f"): try readWord("false", .boolFalse, &tree, parent)
        case UInt8(ascii: "n"): try readWord("null", .null, &tree, parent)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try readNumber(&tree, parent)
        default: throw fault("expected a value, found \(describeNext())")
        }
    }

    private mutating func open(
        _ kind: DocumentTree.Kind, _ tree: inout DocumentTree, _ parent: DocumentTree.Index, _ depth: Int
    ) throws(SyntaxFault) -> DocumentTree.Index {
        guard depth < ManifestLimits.nestingDepth else {
            throw fault("maps and lists are nested more than \(ManifestLimits.nestingDepth) deep")
        }
        let index = tree.append(node(kind, parent: parent))
        offset += 1
        return index
    }

    /// Moves to the next member of a map or list; false at its end, which is passed.
    private mutating func nextMember(closedBy end: UInt8, _ first: inout Bool) throws(SyntaxFault) -> Bool {
        skipSpace()
        if peek == end {
            offset += 1
            return false
        }
        if !first {
            guard peek == UInt8(ascii: ",") else {
                throw fault("expected \",\" or \"\(Character(Unicode.Scalar(end)))\", found \(describeNext())")
            }
            offset += 1
            skipSpace()
            guard peek != end else { throw fault("expected a value after \",\", found \(describeNext())") }
        }
        first = false
        return true
    }

    @discardableResult
    private mutating func readKey(
        _ tree: inout DocumentTree, _ mapping: DocumentTree.Index
    ) throws(SyntaxFault) -> DocumentTree.Index {
        skipSpace()
        guard peek == UInt8(ascii: "\"") else {
            throw fault("expected a field name in quotes, found \(describeNext())")
        }
        let key = try readString(&tree, mapping)
        skipSpace()
        guard peek == UInt8(ascii: ":") else { throw fault("expected \":\", found \(describeNext())") }
        offset += 1
        return key
    }

    @discardableResult
    private mutating func readString(
        _ tree: inout DocumentTree, _ parent: DocumentTree.Index
    ) throws(SyntaxFault) -> DocumentTree.Index {
        var node = node(.text, parent: parent)
        let start = offset + 1
        var end = start
        while end < bytes.count {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") {
                offset = end + 1
                node.start = UInt32(start)
                node.length = UInt32(end - start)
                return tree.append(node)
            }
            if byte == UInt8(ascii: "\\") {
                node.kind = .escapedText
                end += 1
            } else if byte < 0x20 {
                offset = end
                throw fault("a control character in a string must be written as an escape")
            }
            end += 1
        }
        throw fault("a string is not closed before the end of the file")
    }

    private mutating func readWord(
        _ word: StaticString, _ kind: DocumentTree.Kind, _ tree: inout DocumentTree, _ parent: DocumentTree.Index
    ) throws(SyntaxFault) {
        let text = "\(word)"
        guard bytes[offset...].starts(with: text.utf8) else {
            throw fault("expected a value, found \(describeNext())")
        }
        try finish(node(kind, parent: parent), from: offset, to: offset + text.utf8.count, &tree)
    }

    private mutating func readNumber(
        _ tree: inout DocumentTree, _ parent: DocumentTree.Index
    ) throws(SyntaxFault) {
        var end = offset
        func digits() -> Int {
            let start = end
            while end < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[end]) { end += 1 }
            return end - start
        }
        if bytes[end] == UInt8(ascii: "-") { end += 1 }
        let leading = end
        let count = digits()
        var isGood = count == 1 || count > 1 && bytes[leading] != UInt8(ascii: "0")
        if end < bytes.count, bytes[end] == UInt8(ascii: ".") {
            end += 1
            isGood = isGood && digits() > 0
        }
        if end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "e") {
            end += 1
            if end < bytes.count, bytes[end] == UInt8(ascii: "+") || bytes[end] == UInt8(ascii: "-") { end += 1 }
            isGood = isGood && digits() > 0
        }
        guard isGood else { throw fault("not a number as JSON writes it") }
        try finish(node(.number, parent: parent), from: offset, to: end, &tree)
    }

    private mutating func finish(
        _ node: DocumentTree.Node, from start: Int, to end: Int, _ tree: inout DocumentTree
    ) throws(SyntaxFault) {
        var node = node
        node.start = UInt32(start)
        node.length = UInt32(end - start)
        offset = end
        tree.append(node)
    }
}

extension JSONReader {
    private var peek: UInt8 { offset < bytes.count ? bytes[offset] : 0 }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
        }
    }

    private func node(_ kind: DocumentTree.Kind, parent: DocumentTree.Index) -> DocumentTree.Node {
        DocumentTree.Node(kind: kind, line: 0, column: UInt32(offset), parent: parent)
    }

    private func fault(_ message: String) -> SyntaxFault {
        var counter = LineCounter()
        return SyntaxFault(position: counter.position(of: min(offset, bytes.count), in: bytes), message: message)
    }

    private func describeNext() -> String {
        guard offset < bytes.count else { return "the end of the file" }
        switch peek {
        case UInt8(ascii: "["): return "a list"
        case UInt8(ascii: "\""): return "a string"
        case 0x21..<0x7F: return "\"\(Character(Unicode.Scalar(peek)))\""
        default: return "byte 0x" + String(peek, radix: 16)
        }
    }
}
