package import Netlink
internal import NetworkTypes
package import ServiceTable

/// The constant part of a Fairway table: its chains and rules depend on the node, never on Services.
///
/// A packet's way: `firewall-check` drops what source ranges keep out; `services` finds the treatment code of the address (or NodePort) it is sent to and
/// keeps it in the packet's priority; `dispatch` finds the balancing chain for the code and the
/// packet's origin; the chain draws an index and translates to the endpoint found under it. In
/// postrouting the code is found again from the connection's original destination, and says whether
/// the connection gets the node's address.
///
/// The priority (`skb->priority`) is borrowed because nft can print it as the value of a map, because
/// no router, CNI or firewall decides by it as they do by the mark and the conntrack mark, and because
/// the kernel itself sets it anew from the TOS field for each IPv4 packet that it forwards. It is
/// given back as 0, and only the first packet of a connection to a Service is ever touched.
package struct TableLayout: Sendable {
    package static let tableName = "fairway"

    package let family: NftablesFamily
    package init(family: NftablesFamily) { self.family = family }

    package var table: NftablesTable {
        NftablesTable(family: family, name: Self.tableName, comment: TableSchema.comment(TableSchema.current))
    }

    package var sets: [NftablesSet] { TableSet.allCases.map { $0.definition(family) } }

    enum ChainName {
        static let services = "services"
        static let dispatch = "dispatch"
        static let giveBack = "give-back-priority"
        static let firewall = "firewall-check"
        static let firewallSources = "firewall-sources"
        static let masquerading = "masquerading"
        static let masqueradeCheck = "masquerade-check"
        /// Not `masquerade`: nft prints that name but takes it for a keyword when it reads it back.
        static let masquerade = "masquerade-chain"
        static let noEndpoints = "no-endpoints-check"
        static let clusterIPs = "cluster-ips-check"
        static let reject = "reject-chain"
    }

    /// Regular chains first, so that every jump finds its target.
    package var chains: [NftablesChain] {
        let regular = [
            NftablesChain(ChainName.giveBack, comment: "the priority was borrowed"),
            NftablesChain(ChainName.firewallSources, comment: "may this source?"),
            NftablesChain(ChainName.firewall, comment: "is it restricted to some sources?"),
            NftablesChain(ChainName.dispatch, comment: "treatment by origin"),
            NftablesChain(ChainName.services, comment: "is it for a Service?"),
            NftablesChain(ChainName.masquerade),
            NftablesChain(ChainName.masqueradeCheck, comment: "which origins get the address of the node"),
            NftablesChain(ChainName.masquerading),
            NftablesChain(ChainName.reject),
            NftablesChain(ChainName.noEndpoints, comment: "Services without endpoints"),
            NftablesChain(ChainName.clusterIPs, comment: "addresses of Services beside their ports"),
        ]
        return regular + Self.baseChains
    }

    private static let baseChains: [NftablesChain] = [
        base("nat-prerouting", .nat, .prerouting, -100),
        base("nat-output", .nat, .output, -100),
        base("nat-postrouting", .nat, .postrouting, 100),
        base("firewall-prerouting", .filter, .prerouting, -110),
        base("firewall-output", .filter, .output, -110),
        base("filter-input", .filter, .input, 0),
        base("filter-forward", .filter, .forward, 0),
        base("filter-output", .filter, .output, 0),
    ]

    private static func base(
        _ name: String, _ type: NftablesChain.ChainType, _ hook: NftablesChain.Hook, _ priority: Int32
    ) -> NftablesChain {
        NftablesChain(name, attachment: .init(type: type, hook: hook, priority: priority))
    }

    /// Rules of the constant chains, in order, for a node that tells its pods like this.
    package func rules(_ detector: LocalDetector) -> [NftablesRule] {
        firewallRules + servicesRules + dispatchRules(detector) + masqueradeRules(detector) + filterRules + hookRules
    }

    func rule(_ chain: String, _ build: (inout RuleBuilder) -> Void) -> NftablesRule {
        var builder = RuleBuilder(family)
        build(&builder)
        return NftablesRule(chain: chain, builder.expressions)
    }
}
