/// Reads a YAML file object by object: each document, or each item of a list, is built from the
/// events, handed over and let go.
struct YAMLReader {
    private var head = DocumentTree()
    private var item = DocumentTree()
    /// Containers open in the tree being built, outermost first.
    private var open: [(node: DocumentTree.Index, anchor: String?)] = []
    /// The events belong to the `items` of the document and `item` is being built.
    private var isInItems = false
    private var anchors = YAMLAnchors()

    /// Hands every object to the sink. What was read before a fault has been handed over.
    static func read(_ bytes: [UInt8], into sink: inout some DocumentSink) throws(SyntaxFault) {
        var reader = YAMLReader()
        try YAMLEventStream.withEvents(of: bytes) { (stream: inout YAMLEventStream) throws(SyntaxFault) in
            while try reader.step(&stream, &sink) {}
        }
    }

    private mutating func step(
        _ stream: inout YAMLEventStream, _ sink: inout some DocumentSink
    ) throws(SyntaxFault) -> Bool {
        let start = isInItems ? item.bytes.count : head.bytes.count
        guard let event = try isInItems
            ? stream.next(appendingTo: &item.bytes) : stream.next(appendingTo: &head.bytes)
        else { return false }
        switch event.content {
        case .documentStart: beginDocument()
        case .documentEnd: sink.endDocument(head)
        case .alias(let name): try alias(name, event, &sink)
        case .scalar(let isPlain): try scalar(event, isPlain, from: start, &sink)
        case .mappingStart: try begin(.mapping, event)
        case .sequenceStart: try begin(.sequence, event)
        case .mappingEnd, .sequenceEnd: try end(event, &sink)
        }
        return true
    }

    private mutating func beginDocument() {
        head.removeAllNodes()
        head.bytes.removeAll(keepingCapacity: true)
        anchors.removeAll()
    }

    private mutating func begin(_ kind: DocumentTree.Kind, _ event: YAMLEvent) throws(SyntaxFault) {
        guard open.count + (isInItems ? 2 : 0) < ManifestLimits.nestingDepth else {
            throw SyntaxFault(
                position: event.position,
                message: "maps and lists are nested more than \(ManifestLimits.nestingDepth) deep")
        }
        if kind == .sequence, event.anchor == nil, beginsItems {
            try append(node(kind, event))
            isInItems = true
            open.append((-1, nil))
            return
        }
        let index = try append(node(kind, event))
        open.append((index, event.anchor))
    }

    /// The value that begins is that of `items` at the top of the document.
    private var beginsItems: Bool {
        guard !isInItems, open.count == 1, let root = open.first?.node, head[root].kind == .mapping,
            head[root].childCount % 2 == 1
        else { return false }
        return head.string(head[root].lastChild) == "items"
    }

    private mutating func scalar(
        _ event: YAMLEvent, _ isPlain: Bool, from start: Int, _ sink: inout some DocumentSink
    ) throws(SyntaxFault) {
        var node = node(Self.kind(isPlain: isPlain, tag: event.tag), event)
        let end = isInItems ? item.bytes.count : head.bytes.count
        node.start = UInt32(start)
        node.length = UInt32(end - start)
        let index = try append(node)
        try complete(index, event.anchor, &sink)
    }

    private static func kind(isPlain: Bool, tag: String?) -> DocumentTree.Kind {
        switch tag {
        case nil: isPlain ? .plain : .text
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null":
            .plain
        default: .text
        }
    }

    private mutating func alias(
        _ name: String, _ event: YAMLEvent, _ sink: inout some DocumentSink
    ) throws(SyntaxFault) {
        let parent = open.last?.node ?? -1
        let index: DocumentTree.Index
        if isInItems {
            index = try anchors.copy(name, into: &item, parent: parent, at: event.position)
        } else {
            index = try anchors.copy(name, into: &head, parent: parent, at: event.position)
        }
        try checkKey(index, event)
        try complete(index, nil, &sink)
    }

    private mutating func end(_ event: YAMLEvent, _ sink: inout some DocumentSink) throws(SyntaxFault) {
        guard let (index, anchor) = open.popLast() else { return }
        guard index >= 0 else {
            isInItems = false
            return
        }
        if isInItems {
            if item[index].hasMerge { try YAMLMerge.resolve(index, in: &item) }
        } else {
            if head[index].hasMerge { try YAMLMerge.resolve(index, in: &head) }
        }
        try complete(index, anchor, &sink)
    }

    /// A value is whole: remembered under its anchor, and handed over if it is an item.
    private mutating func complete(
        _ index: DocumentTree.Index, _ anchor: String?, _ sink: inout some DocumentSink
    ) throws(SyntaxFault) {
        if let anchor { anchors.define(anchor, index, in: isInItems ? item : head) }
        guard isInItems, open.last?.node == -1 else { return }
        sink.listItem(item, of: head)
        item.removeAllNodes()
        item.bytes.removeAll(keepingCapacity: true)
    }

    private func node(_ kind: DocumentTree.Kind, _ event: YAMLEvent) -> DocumentTree.Node {
        DocumentTree.Node(
            kind: kind, line: event.position.line, column: event.position.column, parent: open.last?.node ?? -1)
    }

    @discardableResult
    private mutating func append(_ node: DocumentTree.Node) throws(SyntaxFault) -> DocumentTree.Index {
        let position = TextPosition(line: node.line, column: node.column)
        guard (isInItems ? item : head).nodes.count < ManifestLimits.nodesPerObject else {
            throw SyntaxFault(
                position: position, message: "more than \(ManifestLimits.nodesPerObject) values in one object")
        }
        if isInItems {
            let index = item.append(node)
            try Self.checkKey(index, in: &item)
            return index
        }
        let index = head.append(node)
        try Self.checkKey(index, in: &head)
        return index
    }

    private mutating func checkKey(_ index: DocumentTree.Index, _ event: YAMLEvent) throws(SyntaxFault) {
        if isInItems { try Self.checkKey(index, in: &item) } else { try Self.checkKey(index, in: &head) }
    }

    /// Keys are scalars; `<<` marks its map.
    private static func checkKey(
        _ index: DocumentTree.Index, in tree: inout DocumentTree
    ) throws(SyntaxFault) {
        let node = tree[index]
        guard node.parent >= 0, tree[node.parent].kind == .mapping, tree[node.parent].childCount % 2 == 1 else {
            return
        }
        if node.kind == .sequence || node.kind == .mapping {
            throw SyntaxFault(
                position: TextPosition(line: node.line, column: node.column),
                message: "a field name must be a string, not a map or list")
        }
        if node.kind == .plain, node.length == 2, tree.string(index) == "<<" { tree[node.parent].hasMerge = true }
    }
}
