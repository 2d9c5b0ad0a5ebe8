package import NetworkTypes
package import ServiceTable

/// What the operator chose, as far as it decides about Services.
package struct PolicyOptions: Sendable, Hashable {
    /// `--detect-local-mode` (service-proxy reference 1.6).
    package enum LocalDetection: Sendable, Hashable {
        /// `--cluster-cidr` when given, else the own Node's podCIDRs, else nothing.
        case automatic
        /// The source is in one of `--cluster-cidr`.
        case clusterCIDR
        /// The source is in one of the own Node's podCIDRs.
        case nodeCIDR
        case bridgeInterface(String)
        case interfaceNamePrefix(String)
    }

    /// `--nodeport-addresses` (1.7).
    package enum NodePortAddresses: Sendable, Hashable {
        /// The own Node's InternalIPs; every address of the host while the Node is not known.
        case primary
        /// Host addresses in these prefixes.
        case prefixes([IPPrefix])
    }

    /// NodePorts are served at these too, whatever the host has: of a dataplane that can serve loopback addresses.
    package var moreNodePortAddresses: [IPAddress] = []

    /// `--bind-address`: the node's address of its family, whatever the Node says; nil: the Node's.
    package var nodeAddress: IPAddress?

    package var nodeName: String
    package var localDetection: LocalDetection
    package var clusterCIDRs: [IPPrefix]
    package var masqueradeAll: Bool
    package var nodePortAddresses: NodePortAddresses
    package var serviceRanges: [IPPrefix]
    /// `--scheduler`: of Services whose annotation names none.
    package var scheduler: Scheduler

    package init(
        nodeName: String, localDetection: LocalDetection = .automatic, clusterCIDRs: [IPPrefix] = [],
        masqueradeAll: Bool = false, nodePortAddresses: NodePortAddresses = .primary, serviceRanges: [IPPrefix] = [],
        scheduler: Scheduler = .random
    ) {
        self.nodeName = nodeName
        self.localDetection = localDetection
        self.clusterCIDRs = clusterCIDRs
        self.masqueradeAll = masqueradeAll
        self.nodePortAddresses = nodePortAddresses
        self.serviceRanges = serviceRanges
        self.scheduler = scheduler
    }
}

extension PolicyOptions {
    /// The node's addresses, with the one the operator named in place of those of its family.
    func withOwnAddress(_ addresses: [IPAddress]) -> [IPAddress] {
        guard let nodeAddress else { return addresses }
        return [nodeAddress] + addresses.filter { $0.family != nodeAddress.family }
    }
}
