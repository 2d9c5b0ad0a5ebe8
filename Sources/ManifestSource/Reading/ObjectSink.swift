internal import KubernetesModel

/// Takes what a reader finds; the trees are the reader's, and filled anew afterwards.
protocol DocumentSink {
    /// An item of the `items` of the document whose other fields, as far as they were read, are in `head`.
    mutating func listItem(_ tree: DocumentTree, of head: DocumentTree)
    /// A document ends; the items of a list have been handed over before.
    mutating func endDocument(_ head: DocumentTree)
}

/// Makes objects and faults of the trees that the readers hand over, one at a time.
struct ObjectSink: DocumentSink {
    private(set) var contents = ManifestContents()
    private let path: String
    private let userInfo: [CodingUserInfoKey: any Sendable]
    private var lines = LineCounter()
    /// What `contents` was before the items of the document at hand: a document that turns out to be no
    /// list takes them back.
    private var beforeItems: Mark?
    /// Items without a kind of their own that came before the kind of their list.
    private var unnamedItems: [DocumentTree] = []

    private struct Mark {
        var objects: Int
        var faults: Int
        var badReferences: Set<ObjectReference>
        var isIncomplete: Bool
        var skippedKinds: [String: Int]
    }

    private let wanted: ObjectContents
    private var portLists = PortLists()

    init(path: String, interner: StringInterner, wanted: ObjectContents = .all) {
        self.path = path
        self.wanted = wanted
        self.userInfo = [StringInterner.key: interner]
    }

    mutating func listItem(_ tree: DocumentTree, of head: DocumentTree) {
        if beforeItems == nil {
            beforeItems = Mark(
                objects: contents.objects.count, faults: contents.faults.count,
                badReferences: contents.badReferences, isIncomplete: contents.isIncomplete,
                skippedKinds: contents.skippedKinds)
        }
        if tree.value(of: "kind", in: DocumentTree.root) == nil, tree[DocumentTree.root].kind == .mapping {
            guard head.value(of: "kind", in: DocumentTree.root) != nil else {
                unnamedItems.append(tree)
                return
            }
            addObject(tree, Self.itemType(of: head))
        } else {
            addObject(tree, nil)
        }
    }

    mutating func endDocument(_ head: DocumentTree) {
        defer {
            beforeItems = nil
            unnamedItems.removeAll()
        }
        guard !head.isEmpty, !head.isNull(DocumentTree.root) else { return }
        guard head[DocumentTree.root].kind == .mapping else {
            contents.isIncomplete = true
            add(head, DocumentTree.root, "a manifest must be a map of fields, found \(head.type(of: DocumentTree.root).noun)")
            return
        }
        guard Self.field("kind", head).hasSuffix("List") else {
            takeBackItems()
            addObject(head, nil)
            return
        }
        if let key = head.duplicateKey() {
            contents.isIncomplete = true
            addDuplicate(head, key, "")
        }
        for item in unnamedItems { addObject(item, Self.itemType(of: head)) }
    }

    /// The file cannot be read beyond this point.
    mutating func addSyntaxFault(_ fault: SyntaxFault) {
        contents.isIncomplete = true
        contents.add(
            FileFault(
                path: path, line: Int(fault.position.line), column: Int(fault.position.column), message: fault.message))
    }

    private mutating func takeBackItems() {
        guard let mark = beforeItems else { return }
        contents.objects.removeSubrange(mark.objects...)
        contents.faults.removeSubrange(mark.faults...)
        contents.badReferences = mark.badReferences
        contents.isIncomplete = mark.isIncomplete
        contents.skippedKinds = mark.skippedKinds
    }

    /// The version and kind of the items of a typed list, such as `ServiceList`.
    private static func itemType(of head: DocumentTree) -> (apiVersion: String, kind: String)? {
        let kind = field("kind", head)
        guard kind.hasSuffix("List"), kind != "List" else { return nil }
        return (field("apiVersion", head), String(kind.dropLast("List".count)))
    }

    private static func field(_ name: String, _ tree: DocumentTree) -> String {
        tree.value(of: name, in: DocumentTree.root).flatMap { tree.string($0) } ?? ""
    }
}

extension ObjectSink {
    private mutating func addObject(_ tree: DocumentTree, _ type: (apiVersion: String, kind: String)?) {
        guard tree[DocumentTree.root].kind == .mapping else {
            contents.isIncomplete = true
            add(tree, DocumentTree.root, "an item of a list must be a map of fields, found \(tree.type(of: DocumentTree.root).noun)")
            return
        }
        let apiVersion = type?.apiVersion ?? Self.field("apiVersion", tree)
        let kindName = type?.kind ?? Self.field("kind", tree)
        guard !kindName.isEmpty, !apiVersion.isEmpty else {
            contents.isIncomplete = true
            add(tree, DocumentTree.root, "\(kindName.isEmpty ? "kind" : "apiVersion"): Required value")
            return
        }
        guard kindName != "List" else {
            contents.isIncomplete = true
            add(tree, DocumentTree.root, "kind: a List inside a List is not read; put its items into the outer one")
            return
        }
        guard let kind = KubernetesObject.kind(apiVersion: apiVersion, kind: kindName) else {
            // A kind of ours in a version that is not ours is worth its own line.
            let isOurs = ObjectKind(rawValue: kindName) != nil
            contents.skippedKinds[isOurs ? "\(kindName) (\(apiVersion))" : kindName, default: 0] += 1
            return
        }
        if let key = tree.duplicateKey() {
            reject(tree, kind)
            addDuplicate(tree, key, name(of: tree, kind) + ": ")
            return
        }
        decode(tree, kind)
    }

    private mutating func decode(_ tree: DocumentTree, _ kind: ObjectKind) {
        do {
            let decoder = TreeDecoder(TreeDecoder.Source(tree, userInfo))
            let object = try KubernetesObject(kind: kind, from: decoder)
            let faults = object.validate()
            guard faults.isEmpty else {
                reject(tree, kind)
                for fault in faults { add(tree, kind, fault) }
                return
            }
            contents.objects.append(
                LocatedObject(wanted.trimmed(object, &portLists), path: path, position: position(of: DocumentTree.root, tree)))
        } catch {
            reject(tree, kind)
            let userInfo = userInfo
            let found = ObjectFaults(error, in: tree, kind) { TreeDecoder(TreeDecoder.Source($0, userInfo)) }
            for fault in found.faults { add(tree, kind, fault) }
        }
    }

    private mutating func reject(_ tree: DocumentTree, _ kind: ObjectKind) {
        if let reference = Self.reference(of: tree, kind) {
            contents.badReferences.insert(reference)
        } else {
            contents.isIncomplete = true
        }
    }

    /// The name of an object that may not decode, nil when not even that can be read.
    private static func reference(of tree: DocumentTree, _ kind: ObjectKind) -> ObjectReference? {
        guard let metadata = tree.value(of: "metadata", in: DocumentTree.root) else { return nil }
        func text(_ key: String) -> String {
            tree.value(of: key, in: metadata).flatMap { tree.type(of: $0) == .string ? tree.string($0) : nil } ?? ""
        }
        let name = text("name")
        guard !name.isEmpty else { return nil }
        let namespace = text("namespace")
        return ObjectReference(
            kind: kind,
            key: ObjectKey(
                namespace: kind.isNamespaced ? (namespace.isEmpty ? "default" : namespace) : "", name: name))
    }

    private func name(of tree: DocumentTree, _ kind: ObjectKind) -> String {
        Self.reference(of: tree, kind)?.description ?? kind.rawValue
    }

    private mutating func add(_ tree: DocumentTree, _ kind: ObjectKind, _ fault: ValidationFault) {
        add(tree, tree.node(at: fault.path), "\(name(of: tree, kind)): \(fault)")
    }

    private mutating func addDuplicate(_ tree: DocumentTree, _ key: DocumentTree.Index, _ prefix: String) {
        let parent = FieldPath(codingPath: tree.codingPath(to: tree[key].parent))
        let path = parent.appending(tree.string(key) ?? "")
        add(tree, key, "\(prefix)\(path): the field is given twice")
    }

    private mutating func add(_ tree: DocumentTree, _ node: DocumentTree.Index, _ message: String) {
        let position = position(of: node, tree)
        contents.add(
            FileFault(path: path, line: Int(position.line), column: Int(position.column), message: message))
    }

    private mutating func position(of index: DocumentTree.Index, _ tree: DocumentTree) -> TextPosition {
        let node = tree[index]
        guard node.line == 0 else { return TextPosition(line: node.line, column: node.column) }
        return lines.position(of: Int(node.column), in: tree.bytes)
    }
}
