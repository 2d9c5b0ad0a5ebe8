package import Netlink
package import NetworkTypes
package import ServiceTable

/// Interfaces and addresses of the node, as listed at one moment.
package struct NodeNetwork: Sendable, Hashable {
    package var links: [NetworkLink] = []
    package var addresses: [NodeAddress] = []
    /// Of each family the interface that the default route leaves by.
    package var defaultInterfaces: [IPFamily: UInt32] = [:]

    package init() {}

    /// Asks the network namespace of the calling thread. O(interfaces + addresses + routes).
    init(listedBy lister: borrowing NodeAddresses) throws(NetlinkError) {
        links = try lister.links()
        addresses = try lister.list()
        for family in IPFamily.allCases { defaultInterfaces[family] = try lister.defaultRouteInterface(family) }
    }

    /// What connections that leave by this interface are masqueraded to, as the kernel chooses
    /// (`inet_select_addr`): its own first address that reaches beyond its link; nil when it has none, and the node's
    /// is taken.
    package func masqueradeAddress(_ family: IPFamily, ofInterface index: UInt32) -> IPAddress? {
        addresses.first { $0.interfaceIndex == index && $0.address.family == family && $0.isUsableElsewhere }?.address
    }

    /// The node's own address: the first of `preferred` that it has, else that of the interface of the default route,
    /// else any.
    package func nodeAddress(_ family: IPFamily, preferred: [IPAddress]) -> IPAddress? {
        let usable = addresses.filter { $0.address.family == family && $0.isUsableElsewhere }
        if let address = preferred.first(where: { wanted in usable.contains { $0.address == wanted } }) { return address }
        if let address = usable.first(where: { $0.interfaceIndex == defaultInterfaces[family] }) { return address.address }
        return usable.first?.address
    }

    /// Whether what arrives on this interface comes from pods: the interface itself, or the bridge it is a port of.
    package func isFromPods(_ link: NetworkLink, _ detector: LocalDetector) -> Bool {
        switch detector {
        case .none, .sourcePrefixes: return false
        case .interfacePrefix(let prefix): return link.name.hasPrefix(prefix)
        case .interface(let name):
            return link.name == name || links.contains { $0.index == link.masterIndex && $0.name == name }
        }
    }
}

extension NodeAddress {
    fileprivate var isUsableElsewhere: Bool {
        scope == .universe && !isTentative && !address.isLoopback
    }
}
