internal import LinuxSystem
internal import NetworkTypes
internal import Netlink
internal import ServiceTable

/// The NodePorts that are served now, followed step by step.
struct NodePorts: Sendable {
    /// A service port has one NodePort at most.
    private(set) var ports: [ServicePortKey: PortNumber] = [:]
    /// Addresses that serve them.
    private(set) var addresses: [IPAddress] = []
    /// Families that serve NodePorts while nothing tells pods from others.
    private(set) var familiesWithoutPods: Set<IPFamily> = []
    /// Ports of health checks: a socket of the daemon each, of the same range.
    var healthChecks = PortSet()

    /// Takes a step of the table over. O(what changed).
    ///
    /// - Returns: whether a NodePort or an address came or went.
    mutating func apply(_ change: ServiceTableChange) -> Bool {
        var isChanged = addresses != change.new.node.nodePortAddresses
        addresses = change.new.node.nodePortAddresses
        for key in change.changed {
            let frontend = change.new[key]?.frontends.first { $0.destination == .nodeAddresses }
            guard ports[key] != frontend?.port else { continue }
            ports[key] = frontend?.port
            isChanged = true
        }
        let untold = Set(ports.keys.map(\.family)).filter { !change.new.node.localDetector.tellsPods(of: $0) }
        isChanged = isChanged || untold != familiesWithoutPods
        familiesWithoutPods = untold
        return isChanged
    }

    /// What no connection of the node is to begin at.
    var numbers: PortSet { PortSet(ports.values.map(\.rawValue)).union(healthChecks) }

    var served: [ServedPort] {
        ports.map { key, port in
            let name = key.id.portName.isEmpty ? "" : ":\(key.id.portName)"
            return ServedPort(
                protocol: key.id.protocol, port: port, family: key.family,
                owner: "\(key.id.namespace)/\(key.id.service)\(name)")
        }
    }
}
