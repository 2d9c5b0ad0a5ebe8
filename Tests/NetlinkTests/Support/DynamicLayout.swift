import Netlink
import NetworkTypes

/// A table with the sets and rules of session affinity, source hashing and source ranges, and the text
/// that nft prints for it.
struct DynamicLayout: Sendable {
    let family: NftablesFamily
    /// Leaves out the rules that change a map whose key is longer than one 16-byte register: nft 1.0.6 lists
    /// those, and stops at an assertion of its own when it is to load them.
    let isLoadable: Bool
    let table: NftablesTable

    init(_ family: NftablesFamily, isLoadable: Bool = false) {
        self.family = family
        self.isLoadable = isLoadable
        table = NftablesTable(family: family, name: "fw")
    }

    static let codeMask: UInt32 = 0xffff_c000
    /// Three hours.
    static let timeout: UInt64 = 10_800_000

    // Sets
    private var source: NftablesField { .sourceAddress(family) }
    private var destination: NftablesField { .destinationAddress(family) }
    private var backend: NftablesSet.DataType { .fields([destination, .destinationPort]) }
    var affinity: NftablesSet {
        NftablesSet(
            "affinity", key: [source, .priority], data: .fields([.priority]), flags: [.dynamic, .timeout], size: 65536)
    }
    var affinityEndpoints: NftablesSet {
        NftablesSet(
            "affinity-endpoints", key: [destination, .transportProtocol, .destinationPort, .priority], data: backend)
    }
    var affinitySlots: NftablesSet {
        NftablesSet(
            "affinity-slots", key: [destination, .transportProtocol, .destinationPort, .index],
            data: .fields([.priority]))
    }
    var nodePortEndpoints: NftablesSet {
        NftablesSet(
            "nodeport-affinity-endpoints", key: [.transportProtocol, .destinationPort, .priority], data: backend)
    }
    var clusterEndpoints: NftablesSet {
        NftablesSet(
            "cluster-endpoints", key: [destination, .transportProtocol, .destinationPort, .index], data: backend)
    }
    var allowedSources: NftablesSet { NftablesSet("allowed-sources", key: [.priority, source], flags: .interval) }
    var sets: [NftablesSet] {
        [affinity, affinityEndpoints, affinitySlots, nodePortEndpoints, clusterEndpoints, allowedSources]
    }

    // Elements
    private var isV4: Bool { family == .ip }
    private func address(_ v4: String, _ v6: String) -> [UInt8] {
        (IPAddress(isV4 ? v4 : v6) ?? IPAddress(v4: 0)).networkBytes
    }
    var client: [UInt8] { address("192.0.2.7", "2001:db8::7") }
    private var vip: [UInt8] { address("10.96.0.10", "fd00:96::10") }
    private var pod: [UInt8] { address("10.1.1.1", "fd00:1:1::1") }
    private var frontend: [UInt8] { vip + ServiceLayout.tcp + ServiceLayout.port(80) }

    var ranges: [NftablesElement] {
        let blocks = isV4 ? ["10.1.0.0/16", "10.2.0.0/16", "192.0.2.1/32"] : ["fd00:1::/32", "2001:db8::1/128"]
        return NftablesElement.intervals(
            after: NftablesElement.networkOrder(0x1_4000), covering: blocks.compactMap { IPPrefix($0) })
    }

    func elements(_ set: NftablesSet) -> [NftablesElement] {
        let slot = ServiceLayout.word(0x1_4001)
        let backend = NftablesElement.Data.value(pod + ServiceLayout.port(8080))
        return switch set.name {
        case "affinity-endpoints": [NftablesElement(key: frontend + slot, data: backend)]
        case "affinity-slots": [NftablesElement(key: frontend + ServiceLayout.word(2), data: .value(slot))]
        case "nodeport-affinity-endpoints":
            [NftablesElement(key: ServiceLayout.tcp + ServiceLayout.port(30080) + slot, data: backend)]
        case "cluster-endpoints": [NftablesElement(key: frontend + ServiceLayout.word(2), data: backend)]
        case "allowed-sources": ranges
        default: []
        }
    }

    // Rules
    private var addressLength: Int { isV4 ? 4 : 16 }
    /// Words of an address.
    private var words: Int { addressLength / 4 }
    private func source(_ register: NftablesRegister) -> RuleExpression {
        .payload(.network, offset: isV4 ? 12 : 8, length: addressLength, to: register)
    }
    private var frontendKey: [RuleExpression] {
        [
            .payload(.network, offset: isV4 ? 16 : 24, length: addressLength, to: .r1),
            .meta(.transportProtocol, to: .word(words)),
            .payload(.transport, offset: 2, length: 2, to: .word(words + 1)),
        ]
    }
    private func masked(_ register: NftablesRegister) -> [RuleExpression] {
        [
            .meta(.priority, to: register),
            .bitwise(
                from: register, to: register, mask: ServiceLayout.word(Self.codeMask), xor: ServiceLayout.word(0)),
        ]
    }
    private func translation(_ map: String) -> [RuleExpression] {
        [.mapLookup(map: map, key: .r1, to: .r1), .nat(.destination, address: .r1, port: .word(words))]
    }
    /// After the key of one or two 16-byte registers.
    private var dataRegister: NftablesRegister { isV4 ? .word(4) : .word(5) }

    func change(
        _ operation: RuleExpression.DynamicSetOperation, timeout: UInt64? = nil
    ) -> [RuleExpression] {
        [source(.r1)] + masked(.word(words)) + [
            .meta(.priority, to: dataRegister),
            .dynamicSet(
                operation: operation, set: "affinity", key: .r1, data: dataRegister, timeoutMilliseconds: timeout),
        ]
    }

    let chain = NftablesChain("affinity-3")

    /// The rules with the text of each, `IP` for the family.
    private var rulesAndTexts: [([RuleExpression], String)] {
        let changes: [([RuleExpression], String)] = [
            (
                change(.update, timeout: Self.timeout),
                "update @affinity { IP saddr . meta priority & ffff:c000 timeout 3h : meta priority }"
            ),
            (
                change(.add, timeout: 500), "add @affinity { IP saddr . meta priority & ffff:c000 timeout 500ms : meta priority }"
            ),
            (change(.delete), "delete @affinity { IP saddr . meta priority & ffff:c000 : meta priority }"),
        ]
        let frontend = "IP daddr . meta l4proto . th dport"
        return (isLoadable && !isV4 ? [] : changes) + [
            (
                frontendKey + [
                    .numgen(.random, modulus: 3, to: .word(words + 2)),
                    .mapLookup(map: "affinity-slots", key: .r1, to: .r1), .setMeta(.priority, from: .r1),
                ], "meta priority set \(frontend) . numgen random mod 3 map @affinity-slots"
            ),
            (
                masked(.r1) + [.setMeta(.priority, from: .r1)], "meta priority set meta priority & ffff:c000"
            ),
            (
                [
                    source(.r1), .meta(.priority, to: .word(words)),
                    .mapLookup(map: "affinity", key: .r1, to: .r1), .setMeta(.priority, from: .r1),
                ], "meta priority set IP saddr . meta priority map @affinity"
            ),
            (
                frontendKey + [.meta(.priority, to: .word(words + 2))] + translation("affinity-endpoints"),
                "dnat IP to \(frontend) . meta priority map @affinity-endpoints"
            ),
            (
                [
                    .meta(.transportProtocol, to: .r1), .payload(.transport, offset: 2, length: 2, to: .word(1)),
                    .meta(.priority, to: .word(2)),
                ] + translation("nodeport-affinity-endpoints"),
                "dnat IP to meta l4proto . th dport . meta priority map @nodeport-affinity-endpoints"
            ),
            (
                frontendKey + [
                    source(.word(isV4 ? 8 : 11)),
                    .hash(
                        source: .word(isV4 ? 8 : 11), length: addressLength, modulus: 3, seed: 0x77,
                        to: .word(words + 2)),
                ] + translation("cluster-endpoints"),
                "dnat IP to \(frontend) . jhash IP saddr mod 3 seed 0x77 map @cluster-endpoints"
            ),
            (
                frontendKey + [.numgen(.incremental, modulus: 3, to: .word(words + 2))] + translation("cluster-endpoints"),
                "dnat IP to \(frontend) . numgen inc mod 3 map @cluster-endpoints"
            ),
            (
                [
                    .meta(.priority, to: .r1), .hostToNetworkOrder(from: .r1, to: .r1), source(.word(1)),
                    .lookup(set: "allowed-sources", key: .r1, inverted: false), .verdict(.accept),
                ], "meta priority . IP saddr @allowed-sources accept"
            ),
            (
                [
                    .meta(.priority, to: .r1), .hostToNetworkOrder(from: .r1, to: .r1), source(.word(1)),
                    .lookup(set: "allowed-sources", key: .r1, inverted: true), .verdict(.drop),
                ], "meta priority . IP saddr != @allowed-sources drop"
            ),
        ]
    }

    var rules: [NftablesRule] { rulesAndTexts.map { NftablesRule(chain: chain.name, $0.0) } }

    /// What `nft list ruleset` prints for the layout; also what loads it.
    var text: String {
        let vip = "\(isV4 ? "10.96.0.10" : "fd00:96::10") . tcp . 80"
        let pod = "\(isV4 ? "10.1.1.1" : "fd00:1:1::1") . 8080"
        let ranges =
            isV4
            ? ["1:4000 . 10.1.0.0-10.2.255.255", "1:4000 . 192.0.2.1"]
            : ["1:4000 . 2001:db8::1", "1:4000 . fd00:1::/32"]
        let rules = rulesAndTexts.map { "\t\t\($0.1.replacing("IP", with: family.text))\n" }.joined()
        return """
            table IP fw {
            	map affinity {
            		typeof IP saddr . meta priority : meta priority
            		size 65536
            		flags dynamic,timeout
            	}

            	map affinity-endpoints {
            		typeof IP daddr . meta l4proto . th dport . meta priority : IP daddr . th dport
            		elements = { \(vip) . 1:4001 : \(pod) }
            	}

            	map affinity-slots {
            		typeof IP daddr . meta l4proto . th dport . numgen random mod 2 : meta priority
            		elements = { \(vip) . 2 : 1:4001 }
            	}

            	map nodeport-affinity-endpoints {
            		typeof meta l4proto . th dport . meta priority : IP daddr . th dport
            		elements = { tcp . 30080 . 1:4001 : \(pod) }
            	}

            	map cluster-endpoints {
            		typeof IP daddr . meta l4proto . th dport . numgen random mod 2 : IP daddr . th dport
            		elements = { \(vip) . 2 : \(pod) }
            	}

            	set allowed-sources {
            		typeof meta priority . IP saddr
            		flags interval
            		elements = { \(ranges.joined(separator: ",\n\t\t\t     ")) }
            	}

            	chain affinity-3 {

            """.replacing("IP", with: family.text) + rules + "\t}\n}\n"
    }

    func commit(over socket: borrowing NftablesSocket) throws {
        var batch = NftablesBatch()
        try batch.addTable(table)
        try batch.addChain(chain, to: table)
        for set in sets {
            try batch.addSet(set, to: table)
            try batch.addElements(elements(set), to: set, in: table)
        }
        for rule in rules { try batch.addRule(rule, to: table) }
        try socket.commit(batch)
    }
}
