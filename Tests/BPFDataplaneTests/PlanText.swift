import BPFDataplane
import NetworkTypes
import ServiceTable

/// Plans as text, a line for each write; `--` stands for the grace period.
extension BPFMapPlan {
    var text: [String] {
        var lines = writes.map(\.text)
        if let detect { lines.append("detect \(detect)") }
        if !reclaimed.isEmpty { lines.append("--") }
        lines += reclaimed.map(\.text)
        if !drained.isEmpty { lines.append("drained \(drained)") }
        if !revived.isEmpty { lines.append("revived \(revived)") }
        return lines
    }
}

extension BPFMapWrite {
    var text: String {
        switch self {
        case .set(let entry): entry.text
        case .create(let entry): "new " + entry.text
        case .remove(let key): "no " + key.text
        }
    }
}

extension BPFMapEntry {
    var text: String {
        switch self {
        case .frontend(_, let value):
            "\(key.text) = service \(value.service)\(value.sources == 0 ? "" : " from \(value.sources)"): "
                + "\(value.pod.text), \(value.node.text), \(value.outside.text)"
        case .backendSet(_, let set):
            "\(key.text) = table \(set.table) of \(set.slotCount) by \(set.scheduler.rawValue)"
                + (set.affinitySeconds == 0 ? "" : ", \(set.affinitySeconds) s for owner \(set.affinityOwner)")
        case .slot(_, let backend): "\(key.text) = \(backend)"
        case .backend(_, let value):
            "\(key.text) = \(value.address):\(value.port) weight \(value.weight) of service \(value.service)\(value.flags.text)"
        case .sibling(_, let backend): "\(key.text) = \(backend)"
        default: key.text
        }
    }
}

extension BPFMapKey {
    var text: String {
        switch self {
        case .frontend(let key): "frontend \(key)"
        case .backendSet(let key): "set \(key.service) \(key.scope)"
        case .slot(let key): "slot \(key.table)/\(key.index)"
        case .backend(let id): "backend \(id)"
        case .load(let id): "load \(id)"
        case .cursor(let key): "cursor \(key.service) \(key.scope)"
        case .sibling(let key): "sibling \(key.service) \(key.address)"
        case .source(let key): "source \(key.sources) \(key.prefix)"
        case .nodePortAddress(let address): "node address \(address)"
        case .clusterIP(let address): "cluster ip \(address)"
        case .serviceRange(let prefix): "service range \(prefix)"
        case .podRange(let prefix): "pod range \(prefix)"
        case .counters(let id): "counters \(id)"
        }
    }
}

extension BPFVerdict {
    var text: String {
        switch verdict {
        case .reject: "reject"
        case .drop: "drop"
        case .balance(let scope, let masquerade): "\(scope)\(masquerade ? " masqueraded" : "")"
        case nil: "pass"
        }
    }
}

extension BPFBackendFlags {
    var text: String {
        [(BPFBackendFlags.local, " local"), (.draining, " draining"), (.notInClusterSet, " not-cluster"), (.notInLocalSet, " not-local")]
            .filter { contains($0.0) }.map(\.1).joined()
    }
}
