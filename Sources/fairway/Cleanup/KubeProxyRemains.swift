internal import Netlink
internal import NetworkTypes

/// What kube-proxy leaves in the kernel, of all its modes: a node that moves to Fairway is rid of it with `fairway cleanup`.
///
/// Removed are the nftables tables of its own, its chains in the tables that iptables (over nf_tables) uses, with the rules
/// that jump there, and the interface of its mode ipvs. Chains that the kubelet made stay. `KubeProxyToolRemains` has the
/// rest.
struct KubeProxyRemains: ~Copyable {
    private let nftables: NftablesSocket
    private let addresses: NodeAddresses

    /// Tables that iptables-nft has its rules in.
    private static let iptablesTables = ["nat", "filter", "mangle", "raw"]

    /// - Throws: `NetlinkError` without nf_tables.
    init() throws(NetlinkError) {
        let nftables = try NftablesSocket()
        let addresses = try NodeAddresses()
        self.nftables = nftables
        self.addresses = addresses
    }

    /// Addresses of the interface of its mode ipvs, and of the others.
    func hostAddresses() throws(NetlinkError) -> (own: Set<IPAddress>, host: Set<IPAddress>) {
        let all = try addresses.list()
        let own = all.filter { $0.interfaceName == KubeProxyNames.interface }.map(\.address)
        return (Set(own), Set(all.map(\.address)).subtracting(own))
    }

    /// Removes its tables and chains, each table in a transaction of its own.
    ///
    /// - Parameter removed: gets a line for each thing removed, also when something else could not be.
    /// - Throws: `NetlinkError` with the kernel's words.
    func remove(_ removed: inout [String]) throws(NetlinkError) {
        let tables = try nftables.surveyTables()
        for family in [NftablesFamily.ip, .ip6] {
            if tables.contains(where: { $0.family == family.text && $0.name == KubeProxyNames.table }) {
                var batch = NftablesBatch()
                try batch.deleteTable(NftablesTable(family: family, name: KubeProxyNames.table))
                try nftables.commit(batch)
                removed.append("nftables table \(family.text) \(KubeProxyNames.table) (kube-proxy's)")
            }
            for name in Self.iptablesTables where tables.contains(where: { $0.family == family.text && $0.name == name }) {
                try remove(from: NftablesTable(family: family, name: name), &removed)
            }
        }
    }

    /// Removes the interface of its mode ipvs, whose addresses tell which virtual servers are its own.
    ///
    /// - Throws: `NetlinkError` with the kernel's words.
    func removeInterface(_ removed: inout [String]) throws(NetlinkError) {
        if let index = try addresses.interfaceIndex(KubeProxyNames.interface) {
            try addresses.removeLink(index, name: KubeProxyNames.interface)
            removed.append("interface \(KubeProxyNames.interface) (kube-proxy's)")
        }
    }

    private func remove(from table: NftablesTable, _ removed: inout [String]) throws(NetlinkError) {
        let chains = try nftables.chains(of: table).map(\.name)
        let ours = chains.filter(KubeProxyNames.isChain)
        guard !ours.isEmpty else { return }
        let jumps = try jumps(to: Set(ours), from: chains.filter { !KubeProxyNames.isChain($0) }, of: table)
        // First nothing leads there any more, then they are emptied, then they go: no packet sees half of it.
        var batch = NftablesBatch()
        for jump in jumps { try batch.deleteRule(handle: jump.handle, chain: jump.rule.chain, from: table) }
        for chain in ours {
            try batch.flushChain(chain, of: table)
            batch = try committed(batch, beyond: NftablesLimits.batchBytes)
        }
        batch = try committed(batch, beyond: 0)
        for chain in ours {
            try batch.deleteChain(chain, from: table)
            batch = try committed(batch, beyond: NftablesLimits.batchBytes)
        }
        try nftables.commit(batch)
        removed.append("\(ours.count) chains of the table \(table.family.text) \(table.name) (kube-proxy's)")
    }

    /// The batch, or a new one once it was large enough to be committed.
    private func committed(_ batch: consuming NftablesBatch, beyond limit: Int) throws(NetlinkError) -> NftablesBatch {
        guard batch.byteCount > limit else { return batch }
        try nftables.commit(batch)
        return NftablesBatch()
    }

    private func jumps(
        to targets: Set<String>, from chains: [String], of table: NftablesTable
    ) throws(NetlinkError) -> [NftablesStoredRule] {
        var found: [NftablesStoredRule] = []
        for chain in chains {
            found += try nftables.rules(of: table, chain: chain).filter { stored in
                stored.rule.expressions.contains { expression in
                    switch expression {
                    case .verdict(.jump(let name)), .verdict(.goto(let name)): targets.contains(name)
                    default: false
                    }
                }
            }
        }
        return found
    }
}

/// Names that are kube-proxy's own in the kernel.
enum KubeProxyNames {
    /// The nftables table of its mode nftables.
    static let table = "kube-proxy"
    /// The dummy interface of its mode ipvs.
    static let interface = "kube-ipvs0"

    private static let chains: Set<String> = [
        "KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ", "KUBE-FORWARD", "KUBE-PROXY-FIREWALL",
        "KUBE-EXTERNAL-SERVICES", "KUBE-PROXY-CANARY",
        // Of its mode ipvs.
        "KUBE-NODE-PORT", "KUBE-LOAD-BALANCER", "KUBE-SOURCE-RANGES-FIREWALL", "KUBE-IPVS-FILTER", "KUBE-IPVS-OUT-FILTER",
    ]
    private static let prefixes = ["KUBE-SVC-", "KUBE-SVL-", "KUBE-SEP-", "KUBE-EXT-", "KUBE-FW-", "KUBE-XLB-"]

    /// Not those that the kubelet makes: KUBE-KUBELET-CANARY, KUBE-FIREWALL, KUBE-MARK-DROP.
    static func isChain(_ name: String) -> Bool { chains.contains(name) || prefixes.contains(where: name.hasPrefix) }
}
