internal import NetworkTypes

/// Sets of ipset that kube-proxy's mode ipvs made (pkg/proxy/ipvs/ipset.go), as `ipset save` prints them, and the places of
/// virtual servers that they name.
struct KubeProxySets: Hashable {
    /// In the order they were printed.
    private(set) var names: [String] = []
    private(set) var servers: Set<Server> = []
    /// NodePorts, which are at every address of the node.
    private(set) var nodePorts: Set<NodePort> = []

    struct Server: Hashable {
        let address: IPAddress
        let `protocol`: TransportProtocol
        let port: UInt16
    }

    struct NodePort: Hashable {
        let `protocol`: TransportProtocol
        let port: UInt16
    }

    init(saved: String = "") {
        for line in saved.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 2, Self.isOwn(words[1]) else { continue }
            if words[0] == "create" { names.append(String(words[1])) }
            if words[0] == "add" { note(words[2], of: words[1]) }
        }
    }

    /// `10.96.0.1,tcp:443` of sets of addresses and ports, `30080` or `30080-30090` of sets of NodePorts.
    private mutating func note(_ entry: Substring, of set: Substring) {
        let parts = entry.split(separator: ",")
        if parts.count >= 2, let address = IPAddress(parts[0]) {
            let place = parts[1].split(separator: ":")
            guard place.count == 2, let port = UInt16(place[1]), let transport = TransportProtocol(kubernetesName: place[0].uppercased())
            else { return }
            servers.insert(Server(address: address, protocol: transport, port: port))
            return
        }
        let name = Self.withoutFamily(set)
        guard let transport: TransportProtocol = name == "KUBE-NODE-PORT-TCP" ? .tcp : name == "KUBE-NODE-PORT-UDP" ? .udp : nil
        else { return }
        let ends = entry.split(separator: "-").compactMap { UInt16($0) }
        guard let first = ends.first, let last = ends.last, first <= last else { return }
        for port in first...last { nodePorts.insert(NodePort(protocol: transport, port: port)) }
    }

    private static let own: Set<String> = [
        "KUBE-LOOP-BACK", "KUBE-CLUSTER-IP", "KUBE-EXTERNAL-IP", "KUBE-EXTERNAL-IP-LOCAL", "KUBE-LOAD-BALANCER",
        "KUBE-LOAD-BALANCER-LOCAL", "KUBE-LOAD-BALANCER-FW", "KUBE-LOAD-BALANCER-SOURCE-IP",
        "KUBE-LOAD-BALANCER-SOURCE-CIDR", "KUBE-NODE-PORT-TCP", "KUBE-NODE-PORT-LOCAL-TCP", "KUBE-NODE-PORT-UDP",
        "KUBE-NODE-PORT-LOCAL-UDP", "KUBE-NODE-PORT-SCTP-HASH", "KUBE-NODE-PORT-LOCAL-SCTP-HASH",
        "KUBE-HEALTH-CHECK-NODE-PORT", "KUBE-IPVS-IPS",
    ]

    /// By whole names: sets of network policies are called KUBE-SRC-..., and are another's.
    private static func isOwn(_ name: Substring) -> Bool { own.contains(withoutFamily(name)) }

    /// Those of IPv6 begin with `KUBE-6-`.
    private static func withoutFamily(_ name: Substring) -> String {
        name.hasPrefix("KUBE-6-") ? "KUBE-" + name.dropFirst("KUBE-6-".count) : String(name)
    }
}
