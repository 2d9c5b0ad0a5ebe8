/// One parsed object as a flat array of nodes in the order of the text, with where each begins.
///
/// Both parsers fill it and one decoder reads it, so that YAML and JSON agree in every fault. It is
/// cleared and filled again for the next object: what one object needs is all that is ever held.
struct DocumentTree {
    /// The index of a node.
    typealias Index = Int32

    /// What the text said a value is. Plain YAML scalars get their type from what is asked of them.
    enum Kind: UInt8 {
        /// A YAML scalar without quotes and tag.
        case plain
        /// A string: quoted, a block scalar, or tagged `!!str`.
        case text
        /// A JSON string with backslash escapes still in it.
        case escapedText
        /// A JSON number.
        case number
        case boolTrue
        case boolFalse
        case null
        case sequence
        /// Children are key, value, key, value...
        case mapping
    }

    struct Node {
        var kind: Kind
        /// This mapping holds a `<<` key: resolved when the mapping ends.
        var hasMerge = false
        /// The bytes of a scalar in `bytes`.
        var start: UInt32 = 0
        var length: UInt32 = 0
        /// From 1 in YAML; in JSON 0, and `column` is the offset in the file.
        var line: UInt32
        var column: UInt32
        var parent: Index
        var next: Index = -1
        var firstChild: Index = -1
        var lastChild: Index = -1
        /// Values of a sequence; keys and values of a mapping.
        var childCount: Int32 = 0
    }

    private(set) var nodes: [Node] = []
    /// What `start` and `length` of a scalar point into: the file itself, or the scalars of this object.
    var bytes: [UInt8]

    init(bytes: [UInt8] = []) {
        self.bytes = bytes
    }

    static let root: Index = 0

    var isEmpty: Bool { nodes.isEmpty }

    /// Forgets the nodes and keeps the memory, and the bytes: those of JSON are the file.
    mutating func removeAllNodes() {
        nodes.removeAll(keepingCapacity: true)
    }

    subscript(index: Index) -> Node {
        get { nodes[Int(index)] }
        set { nodes[Int(index)] = newValue }
    }

    /// Adds a node as the last child of its parent (-1: none).
    @discardableResult
    mutating func append(_ node: Node) -> Index {
        let index = Index(nodes.count)
        nodes.append(node)
        let parent = Int(node.parent)
        guard parent >= 0 else { return index }
        let last = Int(nodes[parent].lastChild)
        if last < 0 { nodes[parent].firstChild = index } else { nodes[last].next = index }
        nodes[parent].lastChild = index
        nodes[parent].childCount += 1
        return index
    }

    /// Makes `children` the children of a mapping or sequence, in this order.
    mutating func relink(_ parent: Index, _ children: [Index]) {
        self[parent].firstChild = children.first ?? -1
        self[parent].lastChild = children.last ?? -1
        self[parent].childCount = Int32(children.count)
        for (position, child) in children.enumerated() {
            self[child].parent = parent
            self[child].next = position + 1 < children.count ? children[position + 1] : -1
        }
    }

    func children(of index: Index) -> [Index] {
        var result: [Index] = []
        var child = self[index].firstChild
        while child >= 0 {
            result.append(child)
            child = self[child].next
        }
        return result
    }

    /// The keys of a mapping with their values.
    func entries(of index: Index) -> [(key: Index, value: Index)] {
        let all = children(of: index)
        return stride(from: 0, to: all.count - 1, by: 2).map { (all[$0], all[$0 + 1]) }
    }

    /// The value of a key in a mapping, nil when there is none. O(keys).
    func value(of key: String, in mapping: Index) -> Index? {
        guard mapping >= 0, self[mapping].kind == .mapping else { return nil }
        let wanted = key.utf8.count
        var child = self[mapping].firstChild
        while child >= 0 {
            let node = nodes[Int(child)]
            guard node.next >= 0 else { return nil }
            if node.kind == .escapedText {
                if string(child) == key { return node.next }
            } else if Int(node.length) == wanted, scalar(node, equals: key) {
                return node.next
            }
            child = nodes[Int(node.next)].next
        }
        return nil
    }

    private func scalar(_ node: Node, equals text: String) -> Bool {
        let start = Int(node.start)
        return bytes[start..<start + Int(node.length)].elementsEqual(text.utf8)
    }

    /// The bytes of a scalar as they stand in the text.
    func raw(_ index: Index) -> ArraySlice<UInt8> {
        let node = self[index]
        return bytes[Int(node.start)..<Int(node.start) + Int(node.length)]
    }

    /// The text of a scalar with escapes resolved, nil when it is not UTF-8.
    func string(_ index: Index) -> String? {
        self[index].kind == .escapedText ? JSONText.unescaped(raw(index)) : String(validating: raw(index), as: UTF8.self)
    }
}
