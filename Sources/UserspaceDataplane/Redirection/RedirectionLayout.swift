internal import Netlink
internal import NetworkTypes
internal import ServiceTable

/// The constant part of the table that brings packets to the relay: its chains and rules depend on the node and on the relay's
/// ports, never on Services.
///
/// What arrives is handed to a transparent listener (TPROXY) and keeps its addresses; what this node sends by TCP is
/// translated to the loopback (SO_ORIGINAL_DST tells where to), by UDP marked and so routed back to this node, where it
/// arrives like the rest. TPROXY and not REDIRECT for what arrives: REDIRECT needs an address on the interface that a packet
/// came in by, which routed pod interfaces do not have, and a listener that is open to everybody.
///
/// The actions of a frontend are kept in the packet's priority (`skb->priority`) from the lookup to the decision, because nft
/// can print it as the value of a map; it is given back as 0.
struct RedirectionLayout: Sendable {
    static let tableName = "fairway-userspace"
    /// Goes up with every layout that an older version must not write into.
    static let schema = 1

    let family: NftablesFamily
    let marks: RedirectionMarks
    let ports: RedirectionPorts

    var table: NftablesTable {
        NftablesTable(
            family: family, name: Self.tableName, comment: "Services for the relay, kept by Fairway, schema \(Self.schema)")
    }

    var sets: [NftablesSet] { RedirectionSet.allCases.map { $0.definition(family) } }

    enum ChainName {
        static let established = "established-connections"
        static let answers = "answers"
        static let refuse = "refuse"
        static let firewall = "firewall-check"
        static let firewallSources = "firewall-sources"
        static let clusterIPs = "cluster-ips-check"
        static let divertDatagrams = "divert-datagrams"

        static func dispatch(_ hook: Hook) -> String { "\(hook.rawValue)-dispatch" }
        static func decide(_ hook: Hook, _ origin: RedirectionCode.Origin) -> String { "\(hook.rawValue)-\(origin.name)" }
        static func relay(_ way: RedirectionListeners.Way, _ origin: RedirectionCode.Origin) -> String {
            "\(way == .diverted ? "proxy" : "translate")-\(origin.name)"
        }
    }

    /// Where frontends are looked up. Each has chains of its own, for what may be done differs.
    enum Hook: String, CaseIterable {
        case prerouting
        case output
        case translation
    }

    /// Regular chains before those that jump to them.
    var chains: [NftablesChain] {
        var regular = [
            NftablesChain(ChainName.established, comment: "of the relay, also to Services that are gone"),
            NftablesChain(ChainName.answers, comment: "datagrams to clients that backends see"),
            NftablesChain(ChainName.refuse), NftablesChain(ChainName.firewallSources, comment: "may this source?"),
            NftablesChain(ChainName.firewall, comment: "is it restricted to some sources?"),
            NftablesChain(ChainName.clusterIPs, comment: "addresses of Services beside their ports"),
            NftablesChain(ChainName.divertDatagrams),
        ]
        for origin in RedirectionCode.Origin.allCases {
            for way in RedirectionListeners.Way.allCases { regular.append(NftablesChain(ChainName.relay(way, origin))) }
            for hook in Hook.allCases { regular.append(NftablesChain(ChainName.decide(hook, origin))) }
        }
        for hook in Hook.allCases { regular.append(NftablesChain(ChainName.dispatch(hook), comment: "by origin")) }
        return regular + Self.baseChains
    }

    /// -150 and -100: NF_IP_PRI_MANGLE and NF_IP_PRI_NAT_DST of linux/netfilter_ipv4.h, both after connection tracking.
    private static let baseChains: [NftablesChain] = [
        base("prerouting", .filter, .prerouting, -150), base("output", .route, .output, -150),
        base("translation", .nat, .output, -100), base("filter-forward", .filter, .forward, 0),
        base("filter-output", .filter, .output, 0),
    ]

    private static func base(
        _ name: String, _ type: NftablesChain.ChainType, _ hook: NftablesChain.Hook, _ priority: Int32
    ) -> NftablesChain {
        NftablesChain(name, attachment: .init(type: type, hook: hook, priority: priority))
    }

    /// Rules of all chains, in order, for a node that tells its pods like this.
    func rules(_ detector: LocalDetector) -> [NftablesRule] {
        firewallRules + relayRules + decisionRules(detector) + refusalRules + hookRules
    }

    func rule(_ chain: String, _ build: (inout RuleBuilder) -> Void) -> NftablesRule {
        var rule = RuleBuilder(family)
        build(&rule)
        return NftablesRule(chain: chain, rule.expressions)
    }
}
