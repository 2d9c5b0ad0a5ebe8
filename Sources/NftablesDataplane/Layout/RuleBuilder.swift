internal import Netlink
internal import NetworkTypes

/// Loads of packet fields into consecutive registers, laid out as nft itself does for the same text,
/// so that `nft list ruleset` prints what nft would have made.
struct RuleBuilder {
    let family: NftablesFamily
    private(set) var expressions: [RuleExpression] = []
    /// Words of register space taken by the operand being built.
    private var words = 0

    init(_ family: NftablesFamily) { self.family = family }

    // Offsets of the address fields: RFC 791 section 3.1, RFC 8200 section 3.
    private var sourceOffset: Int { family == .ip ? 12 : 8 }
    private var destinationOffset: Int { family == .ip ? 16 : 24 }
    private var addressLength: Int { family.ipFamily.addressByteCount }
    private var addressWords: Int { addressLength / 4 }

    private mutating func append(_ words: Int, _ make: (NftablesRegister) -> RuleExpression) {
        expressions.append(make(.word(self.words)))
        self.words += words
    }

    mutating func sourceAddress() {
        let (offset, length) = (sourceOffset, addressLength)
        append(addressWords) { .payload(.network, offset: offset, length: length, to: $0) }
    }

    mutating func destinationAddress() {
        let (offset, length) = (destinationOffset, addressLength)
        append(addressWords) { .payload(.network, offset: offset, length: length, to: $0) }
    }

    mutating func originalDestinationAddress() {
        append(addressWords) { .ct(.originalDestination, to: $0) }
    }

    mutating func transportProtocol() { append(1) { .meta(.transportProtocol, to: $0) } }

    /// Bytes 2 and 3 of the TCP, UDP and SCTP headers alike.
    mutating func destinationPort() { append(1) { .payload(.transport, offset: 2, length: 2, to: $0) } }

    mutating func originalDestinationPort() { append(1) { .ct(.originalDestinationPort, to: $0) } }

    /// The key of an address frontend: where the packet goes.
    mutating func frontend() {
        destinationAddress()
        nodePort()
    }

    /// The key of a NodePort, the address aside.
    mutating func nodePort() {
        transportProtocol()
        destinationPort()
    }

    /// Goes on when the packet goes to an address that serves NodePorts, with the key of the NodePort.
    mutating func nodePortAtItsAddress() {
        destinationAddress()
        isIn(.nodePortAddresses)
        nodePort()
    }

    mutating func randomIndex(modulus: Int) { append(1) { .numgen(.random, modulus: UInt32(modulus), to: $0) } }

    mutating func priority() { append(1) { .meta(.priority, to: $0) } }

    /// The code in the packet's priority as a field of ranges, which are in network order.
    mutating func priorityInNetworkOrder() {
        let register = NftablesRegister.word(words)
        priority()
        expressions.append(.hostToNetworkOrder(from: register, to: register))
    }

    /// An index below `modulus`, drawn as the chain wants it.
    mutating func index(_ draw: BalanceChain.Draw, modulus: Int) {
        switch draw {
        case .random: randomIndex(modulus: modulus)
        case .inTurn: append(1) { .numgen(.incremental, modulus: UInt32(modulus), to: $0) }
        case .sourceHash:
            let index = NftablesRegister.word(words)
            words += 1
            // Where nft puts it: what it loads by itself from a listing is then found to be the same.
            let scratch = NftablesRegister.word(words + 4)
            expressions.append(.payload(.network, offset: sourceOffset, length: addressLength, to: scratch))
            expressions.append(
                .hash(
                    source: scratch, length: addressLength, modulus: UInt32(modulus), seed: Self.hashSeed, to: index))
        }
    }
    /// Any constant: the same on every node, so that a client finds the same backend through each.
    private static let hashSeed: UInt32 = 0x6661_6972

    /// The owner's part of the endpoint id in the packet's priority.
    mutating func affinityOwner() {
        let register = NftablesRegister.word(words)
        priority()
        expressions.append(
            .bitwise(
                from: register, to: register, mask: HostOrder.bytes(EndpointID.ownerMask), xor: [0, 0, 0, 0]))
    }

    /// Adds, refreshes or takes away what the client, which is the operand, is remembered by.
    mutating func remember(_ operation: RuleExpression.DynamicSetOperation, seconds: Int32?) {
        let data = NftablesRegister.word((words + 3) & ~3)
        expressions.append(.meta(.priority, to: data))
        expressions.append(
            .dynamicSet(
                operation: operation, set: TableSet.affinity.rawValue, key: .r1, data: data,
                timeoutMilliseconds: seconds.map { UInt64($0) * 1000 }))
        words = 0
    }

    /// Leaves only the owner's part of the endpoint id in the packet's priority.
    mutating func keepAffinityOwner() {
        affinityOwner()
        expressions.append(.setMeta(.priority, from: .r1))
        words = 0
    }

    /// Goes on when the operand is in the set.
    mutating func isIn(_ set: TableSet) {
        expressions.append(.lookup(set: set.rawValue, key: .r1, inverted: false))
        words = 0
    }

    /// Runs the verdict found for the operand; goes on with the next rule when there is none.
    mutating func verdict(from map: TableSet) {
        expressions.append(.mapLookup(map: map.rawValue, key: .r1, to: .verdict))
        words = 0
    }

    /// Writes what the map gives for the operand into the packet's priority.
    mutating func setPriority(from map: TableSet) {
        expressions.append(.mapLookup(map: map.rawValue, key: .r1, to: .r1))
        expressions.append(.setMeta(.priority, from: .r1))
        words = 0
    }

    /// Gives the priority back: packets leave Fairway's chains with none.
    mutating func clearPriority() {
        expressions.append(.immediate([0, 0, 0, 0], to: .r1))
        expressions.append(.setMeta(.priority, from: .r1))
    }

    mutating func transportProtocol(is wanted: TransportProtocol) {
        expressions.append(.meta(.transportProtocol, to: .r1))
        expressions.append(.compare(.r1, .equal, [wanted.rawValue]))
    }

    /// `ct state new` (IP_CT_NEW: bit 3 of nft's state mask).
    mutating func isNewConnection() { ctHas(.state, bit: 1 << 3) }

    /// `ct status dnat` (IPS_DST_NAT).
    mutating func isDestinationTranslated() { ctHas(.status, bit: 1 << 5) }

    private mutating func ctHas(_ key: RuleExpression.CtKey, bit: UInt32) {
        expressions.append(.ct(key, to: .r1))
        expressions.append(.bitwise(from: .r1, to: .r1, mask: HostOrder.bytes(bit), xor: [0, 0, 0, 0]))
        expressions.append(.compare(.r1, .notEqual, [0, 0, 0, 0]))
    }

    /// `fib saddr type local`.
    mutating func sourceIsThisNode() {
        let local: UInt32 = 2  // RTN_LOCAL
        expressions.append(.fibAddressType(.source, to: .r1))
        expressions.append(.compare(.r1, .equal, HostOrder.bytes(local)))
    }

    /// The packet came in on this interface; the name is compared with its final zero bytes.
    mutating func inputInterface(is name: String) {
        let bytes = Array(name.utf8)
        expressions.append(.meta(.inputInterfaceName, to: .r1))
        expressions.append(.compare(.r1, .equal, bytes + [UInt8](repeating: 0, count: max(0, 16 - bytes.count))))
    }

    /// The packet came in on an interface whose name begins so.
    mutating func inputInterface(hasPrefix prefix: String) {
        expressions.append(.meta(.inputInterfaceName, to: .r1))
        expressions.append(.compare(.r1, .equal, Array(prefix.utf8)))
    }

    /// Sends the connection to the endpoint that the map gives for the operand.
    mutating func translateDestination(from map: TableSet) {
        expressions.append(.mapLookup(map: map.rawValue, key: .r1, to: .r1))
        expressions.append(.nat(.destination, address: .r1, port: .word(addressWords)))
        words = 0
    }

    mutating func append(_ expression: RuleExpression) { expressions.append(expression) }
    mutating func jump(_ chain: String) { expressions.append(.verdict(.jump(chain))) }
    mutating func goto(_ chain: String) { expressions.append(.verdict(.goto(chain))) }
}

/// 32-bit values as the kernel keeps them in registers: in the order of the host.
enum HostOrder {
    static func bytes(_ value: UInt32) -> [UInt8] {
        #if _endian(little)
            [
                UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8),
                UInt8(truncatingIfNeeded: value >> 16), UInt8(truncatingIfNeeded: value >> 24),
            ]
        #else
            NetworkOrder.bytes(value)
        #endif
    }

    static func value(_ bytes: some Collection<UInt8>) -> UInt32 {
        #if _endian(little)
            bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
        #else
            bytes.reduce(0) { $0 << 8 | UInt32($1) }
        #endif
    }
}
