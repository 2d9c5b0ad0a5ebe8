import CNetfilter
import Glibc

/// A chain of anyone's, of any family, as far as it matters to a neighbour.
package struct NftablesChainSummary: Sendable, Hashable {
    /// `ip`, `ip6`, `inet`..., as nft writes it.
    package let family: String
    package let table: String
    package let name: String
    /// Nil for a chain without a hook, and for hooks of other families than ip, ip6 and inet.
    package let hook: NftablesChain.Hook?
    /// A base chain that drops what reaches its end.
    package let dropsByPolicy: Bool

    package init(
        family: String, table: String, name: String, hook: NftablesChain.Hook? = nil, dropsByPolicy: Bool = false
    ) {
        self.family = family
        self.table = table
        self.name = name
        self.hook = hook
        self.dropsByPolicy = dropsByPolicy
    }
}

/// A table of anyone's, of any family.
package struct NftablesTableSummary: Sendable, Hashable {
    package let family: String
    package let name: String
    /// Switched off as a whole.
    package let isDormant: Bool

    package init(family: String, name: String, isDormant: Bool = false) {
        self.family = family
        self.name = name
        self.isDormant = isDormant
    }
}

extension NftablesSocket {
    /// The tables of all families.
    package func surveyTables() throws(NetlinkError) -> [NftablesTableSummary] {
        var tables: [NftablesTableSummary] = []
        try survey(NFT_MSG_GETTABLE, doing: "list nftables tables", restart: { tables = [] }) { payload in
            var name = ""
            var flags: UInt32 = 0
            payload.forEachAttribute(from: NetlinkWriter.netfilterHeaderBytes) { type, value in
                switch UInt32(type) {
                case NFTA_TABLE_NAME.rawValue: name = value.text
                case NFTA_TABLE_FLAGS.rawValue: flags = value.networkUInt32 ?? 0
                default: break
                }
            }
            tables.append(
                NftablesTableSummary(
                    family: payload.nftFamily, name: name, isDormant: flags & NFT_TABLE_F_DORMANT.rawValue != 0))
        }
        return tables
    }

    /// The chains of all families.
    package func surveyChains() throws(NetlinkError) -> [NftablesChainSummary] {
        var chains: [NftablesChainSummary] = []
        try survey(NFT_MSG_GETCHAIN, doing: "list nftables chains", restart: { chains = [] }) { payload in
            var table = ""
            var name = ""
            var hook: UInt32?
            var policy: UInt32?
            payload.forEachAttribute(from: NetlinkWriter.netfilterHeaderBytes) { type, value in
                switch UInt32(type) {
                case NFTA_CHAIN_TABLE.rawValue: table = value.text
                case NFTA_CHAIN_NAME.rawValue: name = value.text
                case NFTA_CHAIN_POLICY.rawValue: policy = value.networkUInt32
                case NFTA_CHAIN_HOOK.rawValue:
                    value.forEachAttribute { inner, content in
                        if UInt32(inner) == NFTA_HOOK_HOOKNUM.rawValue { hook = content.networkUInt32 }
                    }
                default: break
                }
            }
            let family = payload.nftFamily
            // NF_DROP is 0 (linux/netfilter.h). Hook numbers of the other families mean something else.
            chains.append(
                NftablesChainSummary(
                    family: family, table: table, name: name,
                    hook: ["ip", "ip6", "inet"].contains(family) ? hook.flatMap(NftablesChain.Hook.init(rawValue:)) : nil,
                    dropsByPolicy: hook != nil && policy == 0))
        }
        return chains
    }

    private func survey(
        _ type: nf_tables_msg_types, doing: String, restart: () -> Void, _ body: (RawSpan) -> Void
    ) throws(NetlinkError) {
        var writer = NetlinkWriter(capacity: 64)
        let start = writer.beginNetfilterMessage(
            type: UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(type.rawValue),
            flags: UInt16(NLM_F_REQUEST | NLM_F_DUMP), sequence: 1, family: UInt8(AF_UNSPEC))
        writer.endMessage(at: start)
        try socket.dump(writer, doing: doing, restart: restart) { _, payload in body(payload) }
    }
}

extension RawSpan {
    /// The family in a struct nfgenmsg (NFPROTO_* of linux/netfilter.h), as nft writes it.
    fileprivate var nftFamily: String {
        switch integer(at: 0, as: UInt8.self) {
        case 1: "inet"
        case 2: "ip"
        case 3: "arp"
        case 5: "netdev"
        case 7: "bridge"
        case 10: "ip6"
        default: "other"
        }
    }
}
