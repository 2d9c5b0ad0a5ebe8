internal import KubernetesModel
internal import NetworkTypes

/// One line of the state file: an object in Kubernetes' JSON form with the fields that make names, or the end of one.
///
/// Written by hand and not by an encoder: a first snapshot of 10 000 Services and 50 000 endpoints is 20 000 lines.
enum ObjectStateLine {
    /// Kinds that are kept.
    static let kinds: Set<ObjectKind> = [.service, .endpointSlice, .namespace, .node, .pod]

    static func text(_ object: KubernetesObject) -> String? {
        switch object {
        case .service(let service): line(.service, service.metadata, ",\"spec\":{\(fields(service.spec))}")
        case .endpointSlice(let slice): line(.endpointSlice, slice.metadata, fields(slice))
        case .namespace(let namespace): line(.namespace, namespace.metadata, "")
        case .node(let node): line(.node, node.metadata, ",\"spec\":{\"podCIDRs\":\(texts(node.podCIDRs))}")
        case .pod(let pod): line(.pod, pod.metadata, fields(pod))
        case .endpoints, .serviceCIDR: nil
        }
    }

    /// The object is gone.
    static func deletion(_ reference: ObjectReference) -> String {
        let key = reference.key
        return "{\"deleted\":\(JSONText.quoted(reference.kind.rawValue)),\"namespace\":\(JSONText.quoted(key.namespace)),"
            + "\"name\":\(JSONText.quoted(key.name))}\n"
    }

    private static func line(_ kind: ObjectKind, _ metadata: ObjectMeta, _ rest: String) -> String {
        var text = "{\"apiVersion\":\"\(kind.apiVersion)\",\"kind\":\"\(kind.rawValue)\",\"metadata\":{"
        text += "\"name\":\(JSONText.quoted(metadata.name))"
        if !metadata.namespace.isEmpty { text += ",\"namespace\":\(JSONText.quoted(metadata.namespace))" }
        if !metadata.labels.isEmpty { text += ",\"labels\":\(map(metadata.labels))" }
        if let time = metadata.creationTimestamp { text += ",\"creationTimestamp\":\"\(time)\"" }
        if let time = metadata.deletionTimestamp { text += ",\"deletionTimestamp\":\"\(time)\"" }
        return text + "}\(rest)}\n"
    }

    private static func fields(_ spec: ServiceSpec) -> String {
        var text = "\"type\":\"\(spec.type.rawValue)\""
        let addresses = spec.isHeadless ? ["None"] : spec.clusterAddresses.map(\.description)
        if !addresses.isEmpty { text += ",\"clusterIP\":\"\(addresses[0])\",\"clusterIPs\":\(texts(addresses))" }
        if !spec.ipFamilies.isEmpty { text += ",\"ipFamilies\":\(texts(spec.ipFamilies))" }
        if !spec.externalName.isEmpty { text += ",\"externalName\":\(JSONText.quoted(spec.externalName))" }
        if spec.publishNotReadyAddresses { text += ",\"publishNotReadyAddresses\":true" }
        let ports = spec.ports.map { port in
            "{\"name\":\(JSONText.quoted(port.name)),\"protocol\":\"\(port.protocol.kubernetesName)\",\"port\":\(port.port)}"
        }
        return ports.isEmpty ? text : text + ",\"ports\":[\(ports.joined(separator: ","))]"
    }

    private static func fields(_ slice: EndpointSlice) -> String {
        let ports = slice.ports.map { port in
            var fields = ["\"protocol\":\"\(port.protocol.kubernetesName)\""]
            if let name = port.name { fields.append("\"name\":\(JSONText.quoted(name))") }
            if let number = port.port { fields.append("\"port\":\(number)") }
            return "{\(fields.joined(separator: ","))}"
        }
        return ",\"addressType\":\"\(slice.addressType.rawValue)\",\"ports\":[\(ports.joined(separator: ","))],"
            + "\"endpoints\":[\(slice.endpoints.map(field).joined(separator: ","))]"
    }

    private static func field(_ endpoint: Endpoint) -> String {
        var text = "{\"addresses\":\(texts(endpoint.addresses))"
        if let ready = endpoint.ready { text += ",\"conditions\":{\"ready\":\(ready)}" }
        if let hostname = endpoint.hostname { text += ",\"hostname\":\(JSONText.quoted(hostname))" }
        return text + "}"
    }

    private static func fields(_ pod: Pod) -> String {
        let addresses = pod.podIPs.map { "{\"ip\":\"\($0)\"}" }.joined(separator: ",")
        return ",\"spec\":{\"nodeName\":\(JSONText.quoted(pod.nodeName)),\"hostNetwork\":\(pod.hostNetwork)},"
            + "\"status\":{\"phase\":\"\(pod.phase.rawValue)\",\"podIPs\":[\(addresses)]}"
    }

    private static func texts(_ items: [some CustomStringConvertible]) -> String {
        "[\(items.map { "\"\($0)\"" }.joined(separator: ","))]"
    }

    private static func map(_ items: [String: String]) -> String {
        let pairs = items.sorted { $0.key < $1.key }.map { "\(JSONText.quoted($0.key)):\(JSONText.quoted($0.value))" }
        return "{\(pairs.joined(separator: ","))}"
    }
}

extension ObjectStateLine {
    /// What a line says.
    enum Contents {
        /// The first line of a file, with the version of its form.
        case header(version: Int)
        case object(KubernetesObject)
        case deletion(ObjectReference)
    }

    private struct Note: Decodable {
        var fairwayObjects: Int?
        var deleted: String?
        var namespace: String?
        var name: String?
    }

    /// Nil for a line that is none of these.
    static func parse(_ line: [UInt8], _ userInfo: [CodingUserInfoKey: any Sendable]) -> Contents? {
        guard let tree = JSONReader.tree(of: line), tree[DocumentTree.root].kind == .mapping else { return nil }
        let source = TreeDecoder.Source(tree, userInfo)
        if tree.value(of: "kind", in: DocumentTree.root) != nil {
            guard let object = try? KubernetesObject(from: TreeDecoder(source)), kinds.contains(object.kind) else { return nil }
            return .object(object)
        }
        guard let note = try? Note(from: TreeDecoder(source)) else { return nil }
        if let version = note.fairwayObjects { return .header(version: version) }
        guard let kind = note.deleted.flatMap({ ObjectKind(rawValue: $0) }), kinds.contains(kind), let name = note.name else {
            return nil
        }
        return .deletion(ObjectReference(kind: kind, key: ObjectKey(namespace: note.namespace ?? "", name: name)))
    }
}
