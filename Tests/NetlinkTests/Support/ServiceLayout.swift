import Netlink
import NetworkTypes

/// A table with every set shape and rule shape of the constant-chain service layout, and the text
/// that nft prints for it.
struct ServiceLayout: Sendable {
    let family: NftablesFamily
    let table: NftablesTable

    init(_ family: NftablesFamily) {
        self.family = family
        table = NftablesTable(family: family, name: "fw", comment: "services")
    }

    // Addresses
    private func address(_ v4: String, _ v6: String) -> [UInt8] {
        (IPAddress(family == .ip ? v4 : v6) ?? IPAddress(v4: 0)).networkBytes
    }
    var clusterIP: [UInt8] { address("10.96.0.10", "fd00:96::10") }
    func pod(_ last: Int) -> [UInt8] { address("10.1.1.\(last)", "fd00:1:1::\(last)") }

    // Fields
    static let tcp: [UInt8] = [6, 0, 0, 0]
    static func port(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff), 0, 0] }
    static func word(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value.littleEndian >> UInt32($0 * 8)) }
    }

    // Sets
    var destination: NftablesField { .destinationAddress(family) }
    var serviceIPs: NftablesSet {
        NftablesSet("service-ips", key: [destination, .transportProtocol, .destinationPort], data: .fields([.priority]))
    }
    var nodePorts: NftablesSet {
        NftablesSet(
            "service-nodeports", key: [.transportProtocol, .destinationPort], data: .fields([.priority]),
            comment: "node ports")
    }
    var endpoints: NftablesSet {
        NftablesSet(
            "endpoints", key: [destination, .transportProtocol, .destinationPort, .index],
            data: .fields([destination, .destinationPort]))
    }
    var nodePortEndpoints: NftablesSet {
        NftablesSet(
            "np-endpoints", key: [.transportProtocol, .destinationPort, .index],
            data: .fields([destination, .destinationPort]))
    }
    var fromPod: NftablesSet { NftablesSet("from-pod", key: [.priority], data: .verdict) }
    var masqueradePod: NftablesSet { NftablesSet("masq-pod", key: [.priority]) }
    var hairpin: NftablesSet { NftablesSet("hairpin", key: [.sourceAddress(family), destination]) }
    var podRanges: NftablesSet { NftablesSet("pod-cidrs", key: [.sourceAddress(family)], flags: .interval) }
    var marks: NftablesSet { NftablesSet("marks", key: [.sourceAddress(family), .mark], data: .fields([.mark])) }
    var sets: [NftablesSet] {
        [
            serviceIPs, nodePorts, endpoints, nodePortEndpoints, fromPod, masqueradePod, hairpin, podRanges, marks,
        ]
    }

    func elements(_ set: NftablesSet) -> [NftablesElement] {
        let three = ServiceLayout.word(3)
        switch set.name {
        case "service-ips":
            return [
                NftablesElement(
                    key: clusterIP + ServiceLayout.tcp + ServiceLayout.port(80), data: .value(three),
                    comment: "default/web:http")
            ]
        case "service-nodeports":
            return [NftablesElement(key: ServiceLayout.tcp + ServiceLayout.port(30080), data: .value(three))]
        case "endpoints":
            return (0..<3).map {
                NftablesElement(
                    key: clusterIP + ServiceLayout.tcp + ServiceLayout.port(80) + ServiceLayout.word($0),
                    data: .value(pod(Int($0) + 1) + ServiceLayout.port(8080)))
            }
        case "np-endpoints":
            return [
                NftablesElement(
                    key: ServiceLayout.tcp + ServiceLayout.port(30080) + ServiceLayout.word(0),
                    data: .value(pod(1) + ServiceLayout.port(8080)))
            ]
        case "from-pod": return [NftablesElement(key: three, data: .verdict(.goto("lb-3")))]
        case "masq-pod": return [NftablesElement(key: three)]
        case "hairpin": return [NftablesElement(key: pod(1) + pod(1))]
        case "pod-cidrs":
            let prefixes = [IPPrefix(family == .ip ? "10.1.0.0/16" : "fd00:1::/32")].compactMap { $0 }
            return NftablesElement.intervals(covering: prefixes)
        case "marks": return [NftablesElement(key: pod(1) + ServiceLayout.word(5), data: .value(ServiceLayout.word(6)))]
        default: return []
        }
    }

    // Chains and rules
    var chains: [NftablesChain] {
        ["lb-3", "np-lb-3", "dispatch", "masq", "services", "reject-it", "more"].map {
            NftablesChain($0, comment: $0 == "services" ? "one rule a frontend kind" : nil)
        } + [
            NftablesChain(
                "nat-prerouting", attachment: .init(type: .nat, hook: .prerouting, priority: -100)),
            NftablesChain("nat-output", attachment: .init(type: .nat, hook: .output, priority: -100)),
            NftablesChain("nat-postrouting", attachment: .init(type: .nat, hook: .postrouting, priority: 100)),
        ]
    }

    private var addressLength: Int { family == .ip ? 4 : 16 }
    private func source(_ register: NftablesRegister) -> RuleExpression {
        .payload(.network, offset: family == .ip ? 12 : 8, length: addressLength, to: register)
    }
    private func destination(_ register: NftablesRegister) -> RuleExpression {
        .payload(.network, offset: family == .ip ? 16 : 24, length: addressLength, to: register)
    }
    private static func destinationPort(_ register: NftablesRegister) -> RuleExpression {
        .payload(.transport, offset: 2, length: 2, to: register)
    }
    private var isDestinationNATted: [RuleExpression] {
        [
            .ct(.status, to: .r1),
            .bitwise(from: .r1, to: .r1, mask: ServiceLayout.word(0x20), xor: ServiceLayout.word(0)),
            .compare(.r1, .notEqual, ServiceLayout.word(0)),
        ]
    }
    private static func name(_ text: String) -> [UInt8] {
        Array(text.utf8) + [UInt8](repeating: 0, count: 16 - text.utf8.count)
    }

    var rules: [NftablesRule] {
        // The register after the address.
        let after = family == .ip ? 1 : 4
        let clearPriority: [RuleExpression] = [
            .immediate(ServiceLayout.word(0), to: .r1), .setMeta(.priority, from: .r1),
        ]
        let local: RuleExpression = .compare(.r1, .equal, ServiceLayout.word(2))
        let jump = { NftablesRule(chain: $0, [.verdict(.jump("services"))]) }
        return [
            NftablesRule(chain: "lb-3", clearPriority),
            NftablesRule(
                chain: "lb-3",
                [
                    destination(.r1), .meta(.transportProtocol, to: .word(after)),
                    ServiceLayout.destinationPort(.word(after + 1)),
                    .numgen(.random, modulus: 3, to: .word(after + 2)),
                    .mapLookup(map: "endpoints", key: .r1, to: .r1),
                    .nat(.destination, address: .r1, port: .word(after)),
                ]),
            NftablesRule(
                chain: "np-lb-3",
                [
                    .meta(.transportProtocol, to: .r1), ServiceLayout.destinationPort(.word(1)),
                    .numgen(.random, modulus: 3, to: .word(2)),
                    .mapLookup(map: "np-endpoints", key: .r1, to: .r1),
                    .nat(.destination, address: .r1, port: .word(after)),
                ]),
            NftablesRule(
                chain: "dispatch",
                [
                    source(.r1), .lookup(set: "pod-cidrs", key: .r1, inverted: false), .meta(.priority, to: .r1),
                    .mapLookup(map: "from-pod", key: .r1, to: .verdict),
                ]),
            NftablesRule(
                chain: "dispatch",
                [
                    .fibAddressType(.source, to: .r1), local, .meta(.priority, to: .r1),
                    .mapLookup(map: "from-pod", key: .r1, to: .verdict),
                ]),
            NftablesRule(
                chain: "masq",
                [.meta(.priority, to: .r1), .lookup(set: "masq-pod", key: .r1, inverted: false)] + clearPriority
                    + [.masquerade(fullyRandom: true)]),
            NftablesRule(
                chain: "services",
                [
                    destination(.r1), .meta(.transportProtocol, to: .word(after)),
                    ServiceLayout.destinationPort(.word(after + 1)),
                    .mapLookup(map: "service-ips", key: .r1, to: .r1), .setMeta(.priority, from: .r1),
                    .verdict(.goto("dispatch")),
                ]),
            NftablesRule(
                chain: "services",
                [
                    .fibAddressType(.destination, to: .r1), local, .meta(.transportProtocol, to: .r1),
                    ServiceLayout.destinationPort(.word(1)),
                    .mapLookup(map: "service-nodeports", key: .r1, to: .r1), .setMeta(.priority, from: .r1),
                    .verdict(.goto("dispatch")),
                ]),
            NftablesRule(chain: "reject-it", [.reject(.portUnreachable)]),
            jump("nat-prerouting"), jump("nat-output"),
            NftablesRule(
                chain: "nat-postrouting",
                isDestinationNATted + [
                    source(.r1), destination(.word(after)), .lookup(set: "hairpin", key: .r1, inverted: false),
                    .masquerade(fullyRandom: true),
                ]),
            NftablesRule(
                chain: "nat-postrouting",
                [.meta(.transportProtocol, to: .r1), .compare(.r1, .equal, [6])] + isDestinationNATted + [
                    .ct(.originalDestination, to: .r1), .meta(.transportProtocol, to: .word(after)),
                    .ct(.originalDestinationPort, to: .word(after + 1)),
                    .mapLookup(map: "service-ips", key: .r1, to: .r1), .setMeta(.priority, from: .r1),
                    .verdict(.goto("masq")),
                ]),
        ] + moreRules(after)
    }

    private func moreRules(_ after: Int) -> [NftablesRule] {
        let accept: RuleExpression = .verdict(.accept)
        let lists: [([RuleExpression], String?)] = [
            ([.meta(.inputInterfaceName, to: .r1), .compare(.r1, .equal, ServiceLayout.name("br0")), accept], nil),
            (
                [
                    .meta(.inputInterfaceName, to: .r1), .compare(.r1, .notEqual, ServiceLayout.name("br0")),
                    .ct(.state, to: .r1),
                    .bitwise(from: .r1, to: .r1, mask: ServiceLayout.word(8), xor: ServiceLayout.word(0)),
                    .compare(.r1, .notEqual, ServiceLayout.word(0)), .numgen(.random, modulus: 5, to: .r1),
                    .setMeta(.mark, from: .r1),
                ], nil
            ),
            ([.numgen(.incremental, modulus: 5, to: .r1), .setMeta(.mark, from: .r1)], nil),
            ([.meta(.mark, to: .r1), .setCtMark(from: .r1)], nil),
            (
                [
                    .meta(.outputInterfaceName, to: .r1), .compare(.r1, .equal, ServiceLayout.name("lo")),
                    .verdict(.return),
                ], nil
            ),
            (
                [
                    .meta(.transportProtocol, to: .r1), .compare(.r1, .equal, [6]), .meta(.mark, to: .r1),
                    .bitwise(from: .r1, to: .r1, mask: ServiceLayout.word(0x4000), xor: ServiceLayout.word(0)),
                    .compare(.r1, .equal, ServiceLayout.word(0x4000)), .reject(.tcpReset),
                ], nil
            ),
            (
                [
                    .meta(.mark, to: .r1),
                    .bitwise(
                        from: .r1, to: .r1, mask: ServiceLayout.word(0xffff_bfff), xor: ServiceLayout.word(0x4000)),
                    .setMeta(.mark, from: .r1),
                ], "hello"
            ),
            ([.ct(.mark, to: .r1), .setMeta(.mark, from: .r1)], nil),
            (
                [
                    .ct(.mark, to: .r1), .compare(.r1, .equal, ServiceLayout.word(5)), .immediate(pod(9), to: .r1),
                    .nat(.source, address: .r1, port: nil),
                ], nil
            ),
            ([.masquerade(fullyRandom: false)], nil),
            ([.meta(.mark, to: .r1), .compare(.r1, .equal, ServiceLayout.word(1)), .verdict(.drop)], nil),
            ([.meta(.mark, to: .r1), .compare(.r1, .equal, ServiceLayout.word(2)), .verdict(.continue)], nil),
            (
                [
                    source(.r1), destination(.word(after)), .lookup(set: "hairpin", key: .r1, inverted: true), accept,
                ], nil
            ),
        ]
        return lists.map { NftablesRule(chain: "more", $0.0, comment: $0.1) }
    }

    /// Everything, in one batch.
    func add(to batch: inout NftablesBatch) throws {
        try batch.addTable(table)
        for chain in chains { try batch.addChain(chain, to: table) }
        for set in sets {
            try batch.addSet(set, to: table)
            try batch.addElements(elements(set), to: set, in: table)
        }
        for rule in rules { try batch.addRule(rule, to: table) }
    }

    func commit(over socket: borrowing NftablesSocket) throws {
        var batch = NftablesBatch()
        try add(to: &batch)
        try socket.commit(batch)
    }
}
