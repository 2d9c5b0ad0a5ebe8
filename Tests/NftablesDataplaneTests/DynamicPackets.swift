import DataplaneTesting
import Netlink
import NetworkTypes

@testable import NftablesDataplane

/// A table whose rules change sets as UDP packets leave the node, and the packets that make them. The low
/// byte of a packet's port says which rule it is for.
struct DynamicPackets: Sendable {
    enum Action: UInt8, Sendable, CaseIterable {
        case update = 1
        case add = 2
        case delete = 3
        case updateAged = 4
        case addAged = 5
        case updateAgedWithoutTimeout = 6
        case matchRange = 7
        case hash = 8
    }

    struct Packet: Sendable {
        /// Which of the addresses it goes to.
        let address: UInt8
        let action: Action
        /// High byte of the port.
        var value: UInt8 = 4
        var port: UInt16 { UInt16(value) << 8 | UInt16(action.rawValue) }
    }

    let family: NftablesFamily
    let table: NftablesTable
    /// As many as fit the small map, then one too many; then all else.
    static let packets: [Packet] = [
        Packet(address: 1, action: .update), Packet(address: 1, action: .update, value: 5),
        Packet(address: 2, action: .add), Packet(address: 2, action: .add, value: 5),
        Packet(address: 3, action: .update, value: 6), Packet(address: 4, action: .update),
        Packet(address: 4, action: .add, value: 5), Packet(address: 5, action: .delete),
        Packet(address: 2, action: .delete), Packet(address: 1, action: .updateAged),
        Packet(address: 2, action: .addAged), Packet(address: 3, action: .updateAgedWithoutTimeout),
        Packet(address: 4, action: .updateAged), Packet(address: 5, action: .updateAged),
        Packet(address: 1, action: .hash),
    ] + (1...5).map { Packet(address: $0, action: .matchRange) }

    init(_ family: NftablesFamily) {
        self.family = family
        table = NftablesTable(family: family, name: "fairway")
    }

    // Addresses
    func address(_ last: UInt8) -> IPAddress {
        let bytes: [UInt8] =
            family == .ip ? [127, 0, 0, last] : [0xfd] + [UInt8](repeating: 0, count: 14) + [last]
        return IPAddress(networkBytes: bytes) ?? IPAddress(v4: 0)
    }
    private var length: Int { family.ipFamily.addressByteCount }

    // Sets
    private static let hour: UInt64 = 3_600_000
    private static let code: UInt32 = 0x3_4000
    private var destination: NftablesField { .destinationAddress(family) }
    private func map(_ name: String, size: UInt32) -> NftablesSet {
        NftablesSet(
            name, key: [destination, .priority], data: .fields([.destinationPort]), flags: [.dynamic, .timeout],
            size: size)
    }
    var aged: NftablesSet { map("aged", size: 100) }
    var ranges: NftablesSet { NftablesSet("ranges", key: [.priority, destination], flags: .interval) }
    var sets: [NftablesSet] {
        [
            map("small", size: 3), aged, ranges,
            NftablesSet("hashes", key: [.index], data: .fields([.index]), flags: .dynamic, size: 100),
            NftablesSet("passed", key: [destination, .destinationPort], flags: .dynamic, size: 100),
        ]
    }

    /// Elements whose time has almost run out.
    var agedElements: [NftablesElement] {
        (1...4).map {
            NftablesElement(
                key: address($0).networkBytes + [0, 0, 0, 0], data: .value([7, 7]),
                timeoutMilliseconds: $0 == 4 ? nil : 2 * Self.hour, expirationMilliseconds: $0 == 4 ? nil : 60_000)
        }
    }

    var rangeElements: [NftablesElement] {
        func element(_ code: UInt32, _ first: UInt8, _ last: UInt8) -> NftablesElement {
            let fixed = NftablesElement.networkOrder(code)
            return NftablesElement(
                key: fixed + address(first).networkBytes, keyEnd: fixed + address(last).networkBytes)
        }
        return [element(Self.code, 2, 3), element(Self.code, 5, 5), element(0, 1, 9), element(Self.code + 1, 1, 9)]
    }

    // Rules
    static let chain = NftablesChain("probe", attachment: .init(type: .filter, hook: .output, priority: 0))

    private func load(_ register: NftablesRegister) -> RuleExpression {
        .payload(.network, offset: family == .ip ? 16 : 24, length: length, to: register)
    }

    /// Ends the rule for packets of other actions.
    private func only(_ action: Action) -> [RuleExpression] {
        [
            .meta(.transportProtocol, to: .r1), .compare(.r1, .equal, [17]),
            .payload(.transport, offset: 2, length: 2, to: .r1),
            .bitwise(from: .r1, to: .r1, mask: [0, 255], xor: [0, 0]), .compare(.r1, .equal, [0, action.rawValue]),
        ]
    }

    /// Notes that the rule went on.
    private var pass: [RuleExpression] {
        [
            load(.r1), .payload(.transport, offset: 2, length: 2, to: .word(length / 4)),
            .dynamicSet(operation: .add, set: "passed", key: .r1, data: nil, timeoutMilliseconds: nil),
        ]
    }

    private func change(
        _ action: Action, _ operation: RuleExpression.DynamicSetOperation, _ set: String, timeout: UInt64?
    ) -> [RuleExpression] {
        let data = NftablesRegister.word(family == .ip ? 4 : 5)
        return only(action) + [
            load(.r1), .meta(.priority, to: .word(length / 4)), .payload(.transport, offset: 2, length: 2, to: data),
            .dynamicSet(operation: operation, set: set, key: .r1, data: data, timeoutMilliseconds: timeout),
        ] + pass
    }

    /// Hashes of 1 to 32 bytes with as many seeds, kept by their length.
    private var hashes: [[RuleExpression]] {
        (1...32).map { length in
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 37 + length * 101 + 200) }
            var rule = only(.hash) + [.immediate(Array(bytes.prefix(16)), to: .r1)]
            if length > 16 { rule.append(.immediate(Array(bytes.dropFirst(16)), to: .word(4))) }
            return rule + [
                .hash(
                    source: .r1, length: length, modulus: 1_000_003, seed: UInt32(length) &* 0x9e37_79b9, to: .word(8)),
                .immediate(HostOrder.bytes(UInt32(length)), to: .word(12)),
                .dynamicSet(
                    operation: .add, set: "hashes", key: .word(12), data: .word(8), timeoutMilliseconds: nil),
            ]
        }
    }

    var rules: [NftablesRule] {
        let match: [RuleExpression] =
            only(.matchRange) + [
                .immediate(HostOrder.bytes(Self.code), to: .r1), .setMeta(.priority, from: .r1),
                .meta(.priority, to: .r1), .hostToNetworkOrder(from: .r1, to: .r1), load(.word(1)),
                .lookup(set: "ranges", key: .r1, inverted: false),
            ] + pass
        let lists =
            [
                change(.update, .update, "small", timeout: Self.hour), change(.add, .add, "small", timeout: Self.hour),
                change(.delete, .delete, "small", timeout: nil),
                change(.updateAged, .update, "aged", timeout: Self.hour),
                change(.addAged, .add, "aged", timeout: Self.hour),
                change(.updateAgedWithoutTimeout, .update, "aged", timeout: nil), match,
            ] + hashes
        return lists.map { NftablesRule(chain: Self.chain.name, $0) }
    }
}
