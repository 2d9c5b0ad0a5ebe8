package import KubernetesModel

/// The CPU of each zone, kept up to date one node at a time.
///
/// Ready nodes count, those of the control plane apart (KEP-2433). One that should count and tells
/// no CPU or zone makes the shares of all unknown.
package struct ZoneCapacities: Sendable, Hashable {
    /// What one node is to the shares.
    private enum Contribution: Sendable, Hashable {
        case cpu(zone: String, milliCPU: Int64)
        case unknownCPU
        case unknownZone

        /// Nil: the node does not count.
        init?(_ node: Node) {
            let labels = node.metadata.labels
            guard node.isReady, labels[LabelKey.controlPlane] == nil, labels[LabelKey.legacyControlPlane] == nil
            else { return nil }
            guard let zone = node.zone else {
                self = .unknownZone
                return
            }
            self = node.allocatableMilliCPU > 0 ? .cpu(zone: zone, milliCPU: node.allocatableMilliCPU) : .unknownCPU
        }

        var isKnown: Bool { if case .cpu = self { true } else { false } }
    }

    private var contributions: [String: Contribution] = [:]
    /// Above zero for each zone; 128 bits hold the sum of any number of nodes.
    private var milliCPU: [String: Int128] = [:]
    private var unknown: Set<String> = []
    /// The first of `unknown` by name, so that every Service is told the same.
    private var firstUnknown: String?

    package init() {}

    /// The capacities of these nodes.
    package init(_ nodes: some Sequence<Node>) {
        for node in nodes { set(node.metadata.name, to: node) }
    }

    /// Notes that a node looks like this, or is gone when nil.
    ///
    /// - Returns: whether shares, or why there are none, changed. Heartbeats change neither.
    @discardableResult
    package mutating func set(_ name: String, to node: Node?) -> Bool {
        let old = contributions[name]
        let new = node.flatMap { Contribution($0) }
        guard old != new else { return false }
        contributions[name] = new
        if case .cpu(let zone, let amount)? = old {
            let rest = milliCPU[zone, default: 0] - Int128(amount)
            milliCPU[zone] = rest > 0 ? rest : nil
        }
        if case .cpu(let zone, let amount)? = new { milliCPU[zone, default: 0] += Int128(amount) }
        note(name, isUnknown: new.map { !$0.isKnown } ?? false)
        return true
    }

    private mutating func note(_ name: String, isUnknown: Bool) {
        if isUnknown {
            unknown.insert(name)
            firstUnknown = firstUnknown.map { min($0, name) } ?? name
        } else if unknown.remove(name) != nil, firstUnknown == name {
            firstUnknown = unknown.min()
        }
    }

    /// Millicores of each zone, two zones at least.
    package func shares() throws(HintRefusal) -> [String: Int128] {
        if let name = firstUnknown {
            throw contributions[name] == .unknownZone ? .nodeWithoutZone(name) : .nodeWithoutCPU(name)
        }
        guard let zone = milliCPU.keys.first else { throw .noReadyNode }
        guard milliCPU.count > 1 else { throw .oneZone(zone) }
        return milliCPU
    }
}
