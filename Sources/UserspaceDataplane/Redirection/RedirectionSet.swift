internal import Netlink

/// Every named set and map of the table. Their number never depends on the Services.
enum RedirectionSet: String, Sendable, Hashable, CaseIterable {
    /// Address, protocol, port -> actions by origin.
    case frontends
    /// Protocol, NodePort -> actions by origin.
    case nodePorts = "nodeports"
    /// Addresses that serve NodePorts.
    case nodePortAddresses = "nodeport-ips"
    /// Frontends that only some sources may reach.
    case restricted = "restricted-frontends"
    /// Frontend and source: who may.
    case allowedSources = "allowed-sources"
    /// Addresses that belong to Services alone: their other ports are refused.
    case clusterIPs = "cluster-ips"
    /// Ranges whose other addresses are nobody's.
    case serviceRanges = "service-cidrs"
    /// Sources that are pods of this cluster.
    case podPrefixes = "pod-cidrs"

    /// Elements are ranges of one field, written as a whole.
    var isInterval: Bool { self == .serviceRanges || self == .podPrefixes }

    func definition(_ family: NftablesFamily) -> NftablesSet {
        let frontend: [NftablesField] = [.destinationAddress(family), .transportProtocol, .destinationPort]
        let code = NftablesSet.DataType.fields([.priority])
        func set(
            _ key: [NftablesField], data: NftablesSet.DataType? = nil, flags: NftablesSet.Flags = [], _ comment: String
        ) -> NftablesSet {
            NftablesSet(rawValue, key: key, data: data, flags: flags, comment: comment)
        }
        return switch self {
        case .frontends: set(frontend, data: code, "address, protocol, port of a Service: what is done, by origin")
        case .nodePorts: set([.transportProtocol, .destinationPort], data: code, "protocol, NodePort: what is done, by origin")
        case .nodePortAddresses: set([.destinationAddress(family)], "addresses that serve NodePorts")
        case .restricted: set(frontend, "Services that only some sources may reach")
        case .allowedSources: set(frontend + [.sourceAddress(family)], flags: .interval, "Service and source: who may")
        case .clusterIPs: set([.destinationAddress(family)], "addresses that belong to Services alone")
        case .serviceRanges: set([.destinationAddress(family)], flags: .interval, "ranges of Service addresses")
        case .podPrefixes: set([.sourceAddress(family)], flags: .interval, "sources that are pods of this cluster")
        }
    }
}
