internal import FoundationEssentials
internal import LinuxSystem
internal import Yams

/// A kubeconfig file (`v1` Config), read field by field. Files it names are relative to its own folder.
struct Kubeconfig {
    /// Those of large fleets have some hundred KB.
    static let sizeLimitBytes = 4 << 20

    let path: String
    let root: KubeconfigNode

    /// What a file holds now.
    static func contents(of path: String) throws(ConnectionError) -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = try FileDescriptor(opening: path).readAll(limit: Self.sizeLimitBytes + 1)
        } catch {
            throw ConnectionError(.configuration, "kubeconfig \(path): cannot be read: \(error)")
        }
        guard bytes.count <= Self.sizeLimitBytes else {
            throw ConnectionError(.configuration, "kubeconfig \(path): larger than \(Self.sizeLimitBytes >> 20) MiB")
        }
        return bytes
    }

    /// - Parameter bytes: what the file of this path holds.
    init(path: String, bytes: [UInt8]) throws(ConnectionError) {
        let document = "kubeconfig \(path)"
        let node: Node?
        do {
            node = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw ConnectionError(.configuration, "\(document): not YAML\(Self.place(of: error))")
        }
        guard let node, node.mapping != nil else {
            throw ConnectionError(.configuration, "\(document): holds no configuration: it needs clusters, users and contexts")
        }
        self.path = path
        root = KubeconfigNode(node, FieldOrigin(document: document, field: ""))
        let kind = try root["kind"].string()
        guard kind.isEmpty || kind == "Config" else {
            throw try root["kind"].origin.fault("Unsupported value: \"\(kind)\": must be Config")
        }
    }

    /// The folder that relative paths start from.
    private var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A path as it can be opened.
    func resolve(_ file: String) -> String {
        if file.hasPrefix("/") { return file }
        return folder == "/" ? "/\(file)" : "\(folder)/\(file)"
    }

    /// What `field` names as a file or `field-data` holds; nil where neither is there.
    func material(_ parent: KubeconfigNode, _ field: String) throws(ConnectionError) -> Material? {
        let (file, data) = (try parent[field], try parent[field + "-data"])
        let (fileText, dataText) = (try file.string(), try data.string())
        guard fileText.isEmpty || dataText.isEmpty else {
            throw data.origin.fault("given together with \(field): only one of the two")
        }
        if !dataText.isEmpty { return try Material(base64: dataText, origin: data.origin) }
        return fileText.isEmpty ? nil : Material(place: .file(resolve(fileText)), origin: file.origin)
    }
}

/// What a YAML parser says in several lines, in one.
private func oneLine(_ error: any Error) -> String {
    String(describing: error).split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }.joined(separator: " ")
}

extension Kubeconfig {
    /// Where the reader gave up. Its own words show what is written there, which may be a token.
    fileprivate static func place(of error: any Error) -> String {
        let mark: Mark? =
            switch error as? YamlError {
            case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark
            case .duplicatedKeysInMapping(_, let context): context.mark
            default: nil
            }
        return mark.map { ": line \($0.line), column \($0.column)" } ?? ""
    }
}
