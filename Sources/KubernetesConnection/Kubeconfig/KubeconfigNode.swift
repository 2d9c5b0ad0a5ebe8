internal import FoundationEssentials
internal import Yams

/// A place in a kubeconfig, which knows its own path: every fault names file and field.
struct KubeconfigNode {
    let node: Node?
    let origin: FieldOrigin

    init(_ node: Node?, _ origin: FieldOrigin) {
        // `user: null`, `user:` and no user at all are the same.
        self.node = node?.null == nil ? node : nil
        self.origin = origin
    }

    var isPresent: Bool { node != nil }

    subscript(_ key: String) -> KubeconfigNode {
        get throws(ConnectionError) {
            guard let node else { return KubeconfigNode(nil, inner(key)) }
            guard let mapping = node.mapping else { throw origin.fault("must be a mapping of fields") }
            return KubeconfigNode(mapping[key], inner(key))
        }
    }

    private func inner(_ key: String) -> FieldOrigin {
        FieldOrigin(document: origin.document, field: origin.field.isEmpty ? key : "\(origin.field).\(key)")
    }

    /// Empty when it is not there.
    func string() throws(ConnectionError) -> String {
        guard let node else { return "" }
        guard let scalar = node.scalar else { throw origin.fault("must be a string") }
        return scalar.string
    }

    func required() throws(ConnectionError) -> String {
        let text = try string()
        guard !text.isEmpty else { throw origin.fault("Required value") }
        return text
    }

    /// False when it is not there.
    func bool() throws(ConnectionError) -> Bool {
        guard let node else { return false }
        guard let value = node.bool else { throw origin.fault("must be true or false") }
        return value
    }

    /// Empty when it is not there.
    func list() throws(ConnectionError) -> [KubeconfigNode] {
        guard let node else { return [] }
        guard let sequence = node.sequence else { throw origin.fault("must be a list") }
        return sequence.enumerated().map {
            KubeconfigNode(
                $0.element, FieldOrigin(document: origin.document, field: "\(origin.field)[\($0.offset)]"))
        }
    }

    func strings() throws(ConnectionError) -> [String] {
        var texts: [String] = []
        for item in try list() { texts.append(try item.string()) }
        return texts
    }

    /// The entry of a list of `{name, VALUE}` by its name, with the name in its path: `users[node].user`.
    func entry(named name: String, _ field: String) throws(ConnectionError) -> KubeconfigNode {
        var names: [String] = []
        for item in try list() {
            let itemName = try item["name"].string()
            guard itemName == name else {
                names.append(itemName)
                continue
            }
            let path = FieldOrigin(document: origin.document, field: "\(origin.field)[\(name)]")
            return try KubeconfigNode(item.node, path)[field]
        }
        let known = names.isEmpty ? "there are none" : "there are: \(names.sorted().joined(separator: ", "))"
        throw origin.fault("no entry has the name \"\(name)\"; \(known)")
    }
}
