internal import KubernetesModel

/// Everything that is wrong with an object that does not decode.
///
/// Decoding ends at the first field that is wrong. For the faults alone, that field is taken out of a
/// copy of the tree and the rest is read again, until it decodes or nothing more can be taken out.
struct ObjectFaults {
    /// Readings of one object; each finds one fault more.
    private static let readingLimit = 64

    private var tree: DocumentTree
    private let kind: ObjectKind
    private let decoder: (DocumentTree) -> TreeDecoder
    private var removed: [FieldPath] = []
    private(set) var faults: [ValidationFault] = []

    init(
        _ error: any Error, in tree: DocumentTree, _ kind: ObjectKind, decoder: @escaping (DocumentTree) -> TreeDecoder
    ) {
        self.tree = tree
        self.kind = kind
        self.decoder = decoder
        var next: (any Error)? = error
        for _ in 0..<Self.readingLimit {
            guard let error = next else { return }
            let fault = Self.fault(error)
            if !isConsequence(fault) { faults.append(fault) }
            guard remove(fault.path) else { return }
            next = read()
        }
    }

    /// Nil when it decodes now; then what validation finds is added. What is forbidden beside another
    /// field is left out: that may be the one taken out.
    private mutating func read() -> (any Error)? {
        do {
            faults += try KubernetesObject(kind: kind, from: decoder(tree)).validate().filter {
                !isConsequence($0) && !$0.message.hasPrefix("Forbidden")
            }
            return nil
        } catch {
            return error
        }
    }

    /// A fault of a field, of what holds it or of what it held, that is there only because the field
    /// was taken out.
    private func isConsequence(_ fault: ValidationFault) -> Bool {
        removed.contains {
            $0.components.starts(with: fault.path.components) || fault.path.components.starts(with: $0.components)
        }
    }

    /// Takes the field out of its map; an item of a list goes with the whole list, so that the others
    /// keep their indices.
    private mutating func remove(_ path: FieldPath) -> Bool {
        var components = path.components
        while case .index? = components.last { components.removeLast() }
        guard case .key(let key)? = components.popLast() else { return false }
        var parent = DocumentTree.root
        for component in components {
            guard let child = tree.child(component, of: parent) else { return false }
            parent = child
        }
        let field = FieldPath(components + [.key(key)])
        guard tree.value(of: key, in: parent) != nil else {
            // It is out already: what holds it must go.
            removed.append(field)
            return components.isEmpty ? false : remove(FieldPath(components))
        }
        let rest = tree.entries(of: parent).filter { tree.string($0.key) != key }
        tree.relink(parent, rest.flatMap { [$0.key, $0.value] })
        removed.append(field)
        return true
    }

    private static func fault(_ error: any Error) -> ValidationFault {
        guard let error = error as? DecodingError else {
            return ValidationFault(path: FieldPath(), message: String(describing: error))
        }
        // The decoder's own words, which name both types.
        if case .typeMismatch(_, let context) = error {
            return ValidationFault(path: FieldPath(codingPath: context.codingPath), message: context.debugDescription)
        }
        return ValidationFault(error)
    }
}
