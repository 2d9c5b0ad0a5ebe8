package import KubernetesModel

/// The nodes that exist and the zone of each: all that endpoints need to know of nodes.
package struct NodeZones: Sendable, Hashable {
    /// Empty text: the node exists and has no zone.
    private var zones: [String: String] = [:]

    package init() {}

    /// The zones of these nodes.
    package init(_ nodes: some Sequence<Node>) {
        for node in nodes { set(node.metadata.name, to: node) }
    }

    /// The node exists.
    package func contains(_ name: String) -> Bool { zones[name] != nil }

    /// The node's zone, nil when the node or its zone is unknown.
    package func zone(of name: String) -> String? {
        guard let zone = zones[name], !zone.isEmpty else { return nil }
        return zone
    }

    /// Notes that a node looks like this, or is gone when nil.
    ///
    /// - Returns: whether an endpoint on this node could change by it. Heartbeats do not.
    @discardableResult
    package mutating func set(_ name: String, to node: Node?) -> Bool {
        let zone = node.map { $0.zone ?? "" }
        guard zones[name] != zone else { return false }
        zones[name] = zone
        return true
    }
}
