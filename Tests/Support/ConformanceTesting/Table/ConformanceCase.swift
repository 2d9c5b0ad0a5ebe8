package import KubernetesModel
package import NetworkTypes
package import ObjectStore
package import ServicePolicy

/// What not every dataplane has from its first day. A case runs on those that have all it needs.
package enum DataplaneFeature: String, Sendable, Hashable, CaseIterable {
    case affinity
    case schedulers
    case sourceRanges
    /// Ports of a ClusterIP that no Service has are refused.
    case unusedPorts
    /// Addresses of the Service range that no Service has are dropped.
    case unallocatedAddresses
}

/// One behaviour of Services: objects in, flows and what must become of them, before and after each of
/// a row of updates.
package struct ConformanceCase: Sendable, CustomStringConvertible {
    /// Events that come together, and the flows that must hold once they are applied.
    package struct Step: Sendable {
        package var name: String
        package var events: [StoreEvent]
        package var flows: [ConformanceFlow]
        /// Memories of sticky flows that must not follow each other: some client is at different pods.
        package var independent: [(String, String)] = []

        package init(_ name: String, _ events: [StoreEvent], _ flows: [ConformanceFlow]) {
            self.name = name
            self.events = events
            self.flows = flows
        }
    }

    /// The behaviour, in words.
    package var name: String
    package var options: PolicyOptions
    package var steps: [Step]
    package var needs: Set<DataplaneFeature> = []
    /// One of those that are enough to show every behaviour with real packets.
    package var isRepresentative = false

    package init(
        _ name: String, options: PolicyOptions = .conformance, _ objects: [KubernetesObject],
        flows: [ConformanceFlow]
    ) {
        self.name = name
        self.options = options
        steps = [Step("at first", ([.node(World.nodeObject)] + objects).map(StoreEvent.set), flows)]
    }

    /// The same, and then these objects.
    package func then(
        _ what: String, set objects: [KubernetesObject] = [], delete references: [ObjectReference] = [],
        flows: [ConformanceFlow]
    ) -> ConformanceCase {
        var copy = self
        copy.steps.append(Step(what, references.map(StoreEvent.delete) + objects.map(StoreEvent.set), flows))
        return copy
    }

    package func needing(_ features: DataplaneFeature...) -> ConformanceCase {
        var copy = self
        copy.needs.formUnion(features)
        return copy
    }

    package func representative(_ value: Bool = true) -> ConformanceCase {
        var copy = self
        copy.isRepresentative = value
        return copy
    }

    /// SCTP is left to table and tracer: not every kernel has its sockets.
    package var transports: Set<TransportProtocol> { Set(steps.flatMap { $0.flows.map(\.transport) }) }

    /// Families of its flows.
    package var families: [IPFamily] { Set(steps.flatMap { $0.flows.map(\.family) }).sorted() }

    package var description: String { name }
}

extension PolicyOptions {
    /// On node-a, pods told by the cluster's networks, Service ranges known.
    package static var conformance: PolicyOptions {
        PolicyOptions(
            nodeName: World.node, localDetection: .clusterCIDR, clusterCIDRs: World.clusterCIDRs,
            serviceRanges: World.serviceRanges)
    }

    package func with(_ change: (inout PolicyOptions) -> Void) -> PolicyOptions {
        var copy = self
        change(&copy)
        return copy
    }
}
