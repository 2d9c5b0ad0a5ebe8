package import Netlink
package import NetworkTypes

/// What of a node's set-up bears on Services.
package struct NodeFacts: Sendable, Hashable {
    /// Whether packets are forwarded; nil: not known, or the family is off.
    package var forwards: [IPFamily: Bool] = [:]
    /// net.ipv4.conf.NAME.rp_filter, with `all` and `default`.
    package var reversePathFilters: [String: Int] = [:]
    /// net.ipv4.conf.NAME.src_valid_mark, with `all` and `default`; empty where no packets are routed by a mark.
    package var sourceValidMarks: [String: Int] = [:]
    package var tables: [NftablesTableSummary] = []
    package var chains: [NftablesChainSummary] = []
    /// Families in which pods are not told from others, though there are NodePorts.
    package var familiesWithoutPods: Set<IPFamily> = []

    package init() {}
}

/// A part of a node's set-up that is likely to keep Services from working.
package struct NodeWarning: Sendable, Hashable {
    /// Stays the same while the cause does.
    package let name: String
    /// What is wrong and what to do.
    package let text: String

    /// What the facts give reason for, ordered.
    package static func warnings(_ facts: NodeFacts) -> [NodeWarning] {
        var warnings: [NodeWarning] = []
        for (family, setting) in [(IPFamily.ipv4, "net.ipv4.ip_forward"), (.ipv6, "net.ipv6.conf.all.forwarding")]
        where facts.forwards[family] == false {
            warnings.append(
                NodeWarning(
                    name: "forwarding-off-\(family)",
                    text: "\(setting) is 0: nothing reaches \(family) pods through this node; set it to 1"))
        }
        for family in facts.familiesWithoutPods.sorted() {
            warnings.append(
                NodeWarning(
                    name: "pods-not-told-\(family)",
                    text: """
                        nothing tells \(family) pods from others: they reach Services with externalTrafficPolicy Local as \
                        outsiders do, and ClusterIPs are not masqueraded; give --cluster-cidr or the Node's podCIDRs
                        """))
        }
        if let strict = strictInterfaces(facts.reversePathFilters) {
            warnings.append(
                NodeWarning(
                    name: "strict-reverse-path-filter",
                    text: "rp_filter is 1 (strict) on \(strict): packets are dropped where replies would leave by another interface; set it to 0, or to 2 (loose)"))
        }
        if let marked = markedInterfaces(facts.sourceValidMarks) {
            warnings.append(
                NodeWarning(
                    name: "source-valid-mark",
                    text: """
                        src_valid_mark is 1 on \(marked): IPv4 packets for the relay, which a mark routes to this node, are \
                        dropped there, for by the same mark their sources seem to be this node's; set it to 0
                        """))
        }
        return warnings + otherProxies(facts) + defaultDrops(facts)
    }

    /// The larger of `all` and the interface's own value is in force (ip-sysctl: rp_filter).
    private static func strictInterfaces(_ filters: [String: Int]) -> String? {
        let all = filters["all"] ?? 0
        if all == 1 { return "all" }
        return listed(filters.filter { max($0.value, all) == 1 }.keys)
    }

    /// It is in force where `all` or the interface has it (IN_DEV_SRC_VMARK, linux/inetdevice.h).
    private static func markedInterfaces(_ settings: [String: Int]) -> String? {
        settings["all"] == 1 ? "all" : listed(settings.filter { $0.value == 1 }.keys)
    }

    private static func listed(_ interfaces: some Sequence<String>) -> String? {
        let names = interfaces.filter { !["all", "default", "lo"].contains($0) }.sorted()
        guard !names.isEmpty else { return nil }
        let shown = names.prefix(5).joined(separator: ", ")
        return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
    }

    private static func otherProxies(_ facts: NodeFacts) -> [NodeWarning] {
        let advice = "two proxies translate the same addresses; stop the other one, and remove what it left with fairway cleanup"
        let tables = facts.tables.filter { $0.name == "kube-proxy" && ["ip", "ip6"].contains($0.family) && !$0.isDormant }
        let chains = facts.chains.filter { $0.name == "KUBE-SERVICES" && $0.table == "nat" }
        var warnings: [NodeWarning] = []
        if facts.reversePathFilters.keys.contains(KubeProxyNames.interface) {
            warnings.append(
                NodeWarning(
                    name: "other-proxy-ipvs",
                    text: "the interface \(KubeProxyNames.interface) has addresses of Services and is another proxy's: \(advice)"))
        }
        warnings += tables.map {
            NodeWarning(
                name: "other-proxy-\($0.family)-nftables",
                text: "the nftables table \($0.family) kube-proxy is another proxy's: \(advice)")
        }
        warnings += chains.map {
            NodeWarning(
                name: "other-proxy-\($0.family)-iptables",
                text: "the chain \($0.family) nat KUBE-SERVICES is another proxy's: \(advice)")
        }
        return warnings.sorted { $0.name < $1.name }
    }

    private static func defaultDrops(_ facts: NodeFacts) -> [NodeWarning] {
        let dormant = Set(facts.tables.filter(\.isDormant).map { "\($0.family) \($0.name)" })
        var warnings: [NodeWarning] = []
        for chain in facts.chains where chain.dropsByPolicy && !dormant.contains("\(chain.family) \(chain.table)") {
            let what: String
            switch chain.hook {
            case .forward: what = "traffic to and from pods has to be accepted there"
            case .input: what = "health checks of this node, and its pods' traffic to it, have to be accepted there"
            default: continue
            }
            let name = "\(chain.family) \(chain.table) \(chain.name)"
            warnings.append(
                NodeWarning(
                    name: "default-drop-\(name.split(separator: " ").joined(separator: "-"))",
                    text: "the nftables chain \(name) drops by policy what it does not accept: \(what)"))
        }
        return warnings.sorted { $0.name < $1.name }
    }
}
