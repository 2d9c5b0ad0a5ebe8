internal import Synchronization

/// One state of an object: never changed, replaced by the next.
package final class StoredObject: Sendable {
    let namespace: String
    let name: String
    let uid: String
    let version: UInt64
    let labels: [String: String]
    /// What field selectors ask most of: `spec.nodeName` of a Pod, `spec.clusterIP` of a Service.
    private let selected: String
    /// The object in JSON without `kind` and `apiVersion`: `{"metadata":...}`.
    let body: [UInt8]
    /// Written when first asked for; nil where the kind has no such form.
    private let protobuf = Mutex<[UInt8]??>(nil)

    /// In the order of a list.
    let key: String

    /// - Parameter tree: whole, with `metadata.resourceVersion` of `version`.
    init(_ tree: JSON, version: UInt64) {
        var tree = tree
        let metadata = tree["metadata"]
        namespace = metadata?["namespace"]?.string ?? ""
        name = metadata?["name"]?.string ?? ""
        key = namespace.isEmpty ? name : "\(namespace)/\(name)"
        uid = metadata?["uid"]?.string ?? ""
        self.version = version
        labels = Dictionary(
            (metadata?["labels"]?.object?.members ?? []).map { ($0.key, $0.value.string ?? "") }, uniquingKeysWith: { $1 })
        selected = (tree["spec"]?["nodeName"] ?? tree["spec"]?["clusterIP"])?.string ?? ""
        tree["kind"] = nil
        tree["apiVersion"] = nil
        body = tree.bytes
    }

    /// Without `kind` and `apiVersion`.
    var tree: JSON { (try? JSON(parsing: body)) ?? .emptyObject }

    func field(_ path: String) -> String {
        switch path {
        case "metadata.name": return name
        case "metadata.namespace": return namespace
        case "spec.nodeName", "spec.clusterIP": return selected
        default: break
        }
        let tree = tree
        switch path {
        case "source": return tree["source"]?["component"]?.string ?? ""
        default:
            switch tree[path.split(separator: ".").map { String($0) }] {
            case .string(let text): return text
            case .bool(let value): return value ? "true" : "false"
            default: return path == "spec.unschedulable" || path == "spec.hostNetwork" ? "false" : ""
            }
        }
    }

    /// The bytes of the protobuf message, made once.
    func protobuf(_ encode: (JSON) -> [UInt8]?) -> [UInt8]? {
        protobuf.withLock { cached in
            if let cached { return cached }
            let bytes = encode(tree)
            cached = .some(bytes)
            return bytes
        }
    }
}
