package import Netlink

/// Every named set and map of a Fairway table. Their number never depends on the Services.
package enum TableSet: String, Sendable, Hashable, CaseIterable {
    /// Frontend address, protocol, port -> treatment code.
    case serviceAddresses = "service-ips"
    /// Protocol, NodePort -> treatment code.
    case nodePorts = "service-nodeports"
    /// Frontend and index -> backend, over the whole cluster.
    case clusterEndpoints = "cluster-endpoints"
    /// Frontend and index -> backend, on this node only.
    case localEndpoints = "local-endpoints"
    case nodePortEndpoints = "nodeport-endpoints"
    case nodePortLocalEndpoints = "nodeport-local-endpoints"
    /// Frontend and index -> endpoint id, where clients are remembered.
    case affinitySlots = "affinity-slots"
    case localAffinitySlots = "affinity-local-slots"
    case nodePortAffinitySlots = "nodeport-affinity-slots"
    case nodePortLocalAffinitySlots = "nodeport-affinity-local-slots"
    /// Frontend and endpoint id -> backend, where clients are remembered.
    case affinityEndpoints = "affinity-endpoints"
    case localAffinityEndpoints = "affinity-local-endpoints"
    case nodePortAffinityEndpoints = "nodeport-affinity-endpoints"
    case nodePortLocalAffinityEndpoints = "nodeport-affinity-local-endpoints"
    /// Owner and client -> endpoint id. Written by packets alone. The owner comes first: with an IPv6
    /// address before another field in the key of an `update`, nft 1.0.6 aborts as it reads its own listing.
    case affinity
    /// Frontends that only some sources may reach -> code of these sources.
    case restrictedServices = "restricted-services"
    /// Code and source address: who may.
    case allowedSources = "allowed-sources"
    /// Frontends that refuse with ICMP port unreachable what was not sent to a backend.
    case rejectServices = "reject-services"
    case dropServices = "drop-services"
    case rejectNodePorts = "reject-nodeports"
    case dropNodePorts = "drop-nodeports"
    /// Addresses that belong to Services alone: their other ports are refused.
    case clusterIPs = "cluster-ips"
    /// Ranges whose other addresses are nobody's.
    case serviceRanges = "service-cidrs"
    /// Addresses that serve NodePorts.
    case nodePortAddresses = "nodeport-ips"
    /// Pairs of one address: a backend on this node that reaches itself.
    case hairpinEndpoints = "hairpin-endpoints"
    /// Sources that are pods of this cluster.
    case podPrefixes = "pod-cidrs"
    /// Treatment code -> balancing chain, by the origin of the packet.
    case fromPod = "from-pod"
    case fromNode = "from-node"
    case fromOutside = "from-outside"
    /// Treatment codes whose connections get the node's address, by origin.
    case masqueradeFromPod = "masquerade-from-pod"
    case masqueradeFromNode = "masquerade-from-node"
    case masqueradeFromOutside = "masquerade-from-outside"

    /// Filled by packets, not by plans: never compared, never repaired.
    package var isLearned: Bool { self == .affinity }

    /// Elements are ranges of one field, told by their ends.
    package var isInterval: Bool { self == .podPrefixes || self == .serviceRanges }

    /// Clients remembered at most, in each family. The kernel makes room for all of them at once: 4 MiB.
    private static let rememberedClients: UInt32 = 262_144

    package func definition(_ family: NftablesFamily) -> NftablesSet {
        let frontend: [NftablesField] = [.destinationAddress(family), .transportProtocol, .destinationPort]
        let nodePort: [NftablesField] = [.transportProtocol, .destinationPort]
        let backend = NftablesSet.DataType.fields([.destinationAddress(family), .destinationPort])
        let code = NftablesSet.DataType.fields([.priority])
        func set(
            _ key: [NftablesField], _ data: NftablesSet.DataType?, flags: NftablesSet.Flags = [],
            size: UInt32? = nil, _ comment: String
        ) -> NftablesSet {
            NftablesSet(rawValue, key: key, data: data, flags: flags, size: size, comment: comment)
        }
        return switch self {
        case .serviceAddresses: set(frontend, code, "address, protocol, port of a Service: its treatment code")
        case .nodePorts: set(nodePort, code, "protocol, NodePort: its treatment code")
        case .clusterEndpoints: set(frontend + [.index], backend, "Service and index: endpoint")
        case .localEndpoints: set(frontend + [.index], backend, "Service and index: endpoint on this node")
        case .nodePortEndpoints: set(nodePort + [.index], backend, "NodePort and index: endpoint")
        case .nodePortLocalEndpoints: set(nodePort + [.index], backend, "NodePort and index: endpoint on this node")
        case .affinitySlots: set(frontend + [.index], code, "Service and index: endpoint id")
        case .localAffinitySlots: set(frontend + [.index], code, "Service and index: endpoint id on this node")
        case .nodePortAffinitySlots: set(nodePort + [.index], code, "NodePort and index: endpoint id")
        case .nodePortLocalAffinitySlots:
            set(nodePort + [.index], code, "NodePort and index: endpoint id on this node")
        case .affinityEndpoints: set(frontend + [.priority], backend, "Service and endpoint id: endpoint")
        case .localAffinityEndpoints:
            set(frontend + [.priority], backend, "Service and endpoint id: endpoint on this node")
        case .nodePortAffinityEndpoints: set(nodePort + [.priority], backend, "NodePort and endpoint id: endpoint")
        case .nodePortLocalAffinityEndpoints:
            set(nodePort + [.priority], backend, "NodePort and endpoint id: endpoint on this node")
        case .affinity:
            set(
                [.priority, .sourceAddress(family)], code, flags: [.dynamic, .timeout], size: Self.rememberedClients,
                "Service and client: the endpoint it stays with")
        case .restrictedServices: set(frontend, code, "Services that some sources may reach: code of the sources")
        case .allowedSources:
            set([.priority, .sourceAddress(family)], nil, flags: .interval, "code and sources: who may")
        case .clusterIPs: set([.destinationAddress(family)], nil, "addresses that belong to Services alone")
        case .serviceRanges: set([.destinationAddress(family)], nil, flags: .interval, "ranges of Service addresses")
        case .rejectServices: set(frontend, nil, "Services without endpoints: refused")
        case .dropServices: set(frontend, nil, "Services without endpoints on this node: dropped")
        case .rejectNodePorts: set(nodePort, nil, "NodePorts without endpoints: refused")
        case .dropNodePorts: set(nodePort, nil, "NodePorts without endpoints on this node: dropped")
        case .nodePortAddresses: set([.destinationAddress(family)], nil, "addresses that serve NodePorts")
        case .hairpinEndpoints:
            set([.sourceAddress(family), .destinationAddress(family)], nil, "endpoints on this node that may reach themselves")
        case .podPrefixes: set([.sourceAddress(family)], nil, flags: .interval, "sources that are pods of this cluster")
        case .fromPod: set([.priority], .verdict, "treatment of packets from pods")
        case .fromNode: set([.priority], .verdict, "treatment of packets from this node")
        case .fromOutside: set([.priority], .verdict, "treatment of packets from elsewhere")
        case .masqueradeFromPod: set([.priority], nil, "treatments that masquerade pods")
        case .masqueradeFromNode: set([.priority], nil, "treatments that masquerade this node")
        case .masqueradeFromOutside: set([.priority], nil, "treatments that masquerade others")
        }
    }
}
