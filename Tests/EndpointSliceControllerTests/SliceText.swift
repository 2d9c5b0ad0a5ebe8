import KubernetesModel
import NetworkTypes

/// Slices as text, a line an endpoint: what golden files hold.
enum SliceText {
    static func text(of slices: [EndpointSlice]) -> String {
        slices.map(text).joined(separator: "\n")
    }

    private static func text(_ slice: EndpointSlice) -> String {
        var lines = ["slice \(slice.metadata.key) \(slice.addressType.rawValue)"]
        for owner in slice.metadata.ownerReferences { lines.append("  owner \(owner.kind) \(owner.name)") }
        for (key, value) in slice.metadata.labels.sorted(by: { $0.key < $1.key }) {
            lines.append("  label \(key)=\(value)")
        }
        for (key, value) in slice.metadata.annotations.sorted(by: { $0.key < $1.key }) {
            lines.append("  annotation \(key)=\(value)")
        }
        for port in slice.ports {
            var line = "  port \"\(port.name ?? "")\" \(port.protocol.kubernetesName) \(port.port?.description ?? "any")"
            if let appProtocol = port.appProtocol { line += " app \(appProtocol)" }
            lines.append(line)
        }
        lines += slice.endpoints.map { "  \(text($0))" }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func text(_ endpoint: Endpoint) -> String {
        var words = endpoint.addresses.map(\.description)
        for (name, value) in [
            ("ready", endpoint.ready), ("serving", endpoint.serving), ("terminating", endpoint.terminating),
        ] {
            if let value { words.append(value ? name : "not-\(name)") }
        }
        if let hostname = endpoint.hostname { words.append("hostname=\(hostname)") }
        if let node = endpoint.nodeName { words.append("node=\(node)") }
        if let zone = endpoint.zone { words.append("zone=\(zone)") }
        if !endpoint.hintZones.isEmpty { words.append("for-zones=\(endpoint.hintZones.joined(separator: ","))") }
        if !endpoint.hintNodes.isEmpty { words.append("for-nodes=\(endpoint.hintNodes.joined(separator: ","))") }
        if let target = endpoint.targetRef { words.append("\(target.kind) \(target.namespace)/\(target.name)") }
        return words.joined(separator: " ")
    }
}
