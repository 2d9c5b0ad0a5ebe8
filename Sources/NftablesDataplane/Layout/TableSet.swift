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
    /// Frontends that refuse with ICMP port unreachable what was not sent to a backend.
    case rejectServices = "reject-services"
    case dropServices = "drop-services"
    case rejectNodePorts = "reject-nodeports"
    case dropNodePorts = "drop-nodeports"
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

    package func definition(_ family: NftablesFamily) -> NftablesSet {
        let frontend: [NftablesField] = [.destinationAddress(family), .transportProtocol, .destinationPort]
        let nodePort: [NftablesField] = [.transportProtocol, .destinationPort]
        let backend = NftablesSet.DataType.fields([.destinationAddress(family), .destinationPort])
        let code = NftablesSet.DataType.fields([.priority])
        func set(
            _ key: [NftablesField], _ data: NftablesSet.DataType?, flags: NftablesSet.Flags = [],
            _ comment: String
        ) -> NftablesSet {
            NftablesSet(rawValue, key: key, data: data, flags: flags, comment: comment)
        }
        return switch self {
        case .serviceAddresses: set(frontend, code, "address, protocol, port of a Service: its treatment code")
        case .nodePorts: set(nodePort, code, "protocol, NodePort: its treatment code")
        case .clusterEndpoints: set(frontend + [.index], backend, "Service and index: endpoint")
        case .localEndpoints: set(frontend + [.index], backend, "Service and index: endpoint on this node")
        case .nodePortEndpoints: set(nodePort + [.index], backend, "NodePort and index: endpoint")
        case .nodePortLocalEndpoints: set(nodePort + [.index], backend, "NodePort and index: endpoint on this node")
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
