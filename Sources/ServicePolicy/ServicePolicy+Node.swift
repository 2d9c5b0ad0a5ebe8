internal import KubernetesModel
internal import NetworkTypes
internal import ObjectStore
internal import ServiceTable

extension ServicePolicy {
    /// What dataplanes must know of the node, from its Node object, the host and the options.
    func nodeTable(_ node: Node?, snapshot: ClusterSnapshot, hostAddresses: [IPAddress]) -> NodeTable {
        let ranges = options.serviceRanges + snapshot.serviceCIDRs.values.flatMap(\.cidrs)
        return NodeTable(
            localDetector: localDetector(node),
            nodePortAddresses: nodePortAddresses(node, hostAddresses: hostAddresses),
            serviceRanges: Set(ranges).sorted())
    }

    private func localDetector(_ node: Node?) -> LocalDetector {
        let podCIDRs = node?.podCIDRs ?? []
        switch options.localDetection {
        case .automatic: return prefixes(options.clusterCIDRs.isEmpty ? podCIDRs : options.clusterCIDRs)
        case .clusterCIDR: return prefixes(options.clusterCIDRs)
        case .nodeCIDR: return prefixes(podCIDRs)
        case .bridgeInterface(let name): return .interface(name)
        case .interfaceNamePrefix(let prefix): return .interfacePrefix(prefix)
        }
    }

    private func prefixes(_ prefixes: [IPPrefix]) -> LocalDetector {
        prefixes.isEmpty ? .none : .sourcePrefixes(Set(prefixes).sorted())
    }

    /// A family in which the Node has no address gets no NodePorts: kube-proxy opens every address then.
    private func nodePortAddresses(_ node: Node?, hostAddresses: [IPAddress]) -> [IPAddress] {
        let chosen: [IPAddress]
        switch options.nodePortAddresses {
        case .prefixes(let prefixes):
            chosen = hostAddresses.filter { address in prefixes.contains { $0.contains(address) } }
        case .primary:
            let internalIPs = node?.internalIPs ?? []
            chosen = options.withOwnAddress(internalIPs.isEmpty ? hostAddresses : internalIPs)
        }
        return Set(chosen + options.moreNodePortAddresses).sorted()
    }
}
