internal import Netlink
internal import NetworkTypes

/// A rule being written, its operands in the registers where nft itself puts them, so that `nft list ruleset` prints it.
struct RedirectionRule {
    let family: NftablesFamily
    private(set) var expressions: [RuleExpression] = []
    /// Words of register space taken by the operand being built.
    private var words = 0

    init(_ family: NftablesFamily) { self.family = family }

    private var addressLength: Int { family.ipFamily.addressByteCount }

    private mutating func load(_ words: Int, _ make: (NftablesRegister) -> RuleExpression) {
        expressions.append(make(.word(self.words)))
        self.words += words
    }

    // Offsets: RFC 791 section 3.1, RFC 8200 section 3; ports at 2 in TCP and UDP alike.
    mutating func sourceAddress() {
        let (offset, length) = (family == .ip ? 12 : 8, addressLength)
        load(length / 4) { .payload(.network, offset: offset, length: length, to: $0) }
    }

    mutating func destinationAddress() {
        let (offset, length) = (family == .ip ? 16 : 24, addressLength)
        load(length / 4) { .payload(.network, offset: offset, length: length, to: $0) }
    }

    mutating func protocolAndPort() {
        load(1) { .meta(.transportProtocol, to: $0) }
        load(1) { .payload(.transport, offset: 2, length: 2, to: $0) }
    }

    mutating func frontend() {
        destinationAddress()
        protocolAndPort()
    }

    /// Goes on when the operand is in the set.
    mutating func isIn(_ set: RedirectionSet) {
        expressions.append(.lookup(set: set.rawValue, key: .r1, inverted: false))
        words = 0
    }

    /// Writes what the map gives for the operand into the packet's priority.
    mutating func setPriority(from map: RedirectionSet) {
        expressions.append(.mapLookup(map: map.rawValue, key: .r1, to: .r1))
        expressions.append(.setMeta(.priority, from: .r1))
        words = 0
    }

    /// Gives the priority back: packets leave the table with none.
    mutating func clearPriority() {
        expressions.append(.immediate([0, 0, 0, 0], to: .r1))
        expressions.append(.setMeta(.priority, from: .r1))
    }

    /// Goes on when these bits of the priority are exactly so.
    mutating func priority(_ mask: UInt32, is bits: UInt32) {
        masked(.meta(.priority, to: .r1), mask, .equal, bits)
    }

    /// Goes on when any of these bits is set in the mark.
    mutating func markHas(anyOf bits: UInt32) { masked(.meta(.mark, to: .r1), bits, .notEqual, 0) }

    mutating func addMark(_ bits: UInt32) {
        expressions.append(.meta(.mark, to: .r1))
        expressions.append(
            .bitwise(from: .r1, to: .r1, mask: NativeOrder.bytes(~bits), xor: NativeOrder.bytes(bits)))
        expressions.append(.setMeta(.mark, from: .r1))
    }

    private mutating func masked(
        _ load: RuleExpression, _ mask: UInt32, _ operation: RuleExpression.CompareOperation, _ value: UInt32
    ) {
        expressions.append(load)
        expressions.append(.bitwise(from: .r1, to: .r1, mask: NativeOrder.bytes(mask), xor: [0, 0, 0, 0]))
        expressions.append(.compare(.r1, operation, NativeOrder.bytes(value)))
    }

    /// IP_CT_NEW: bit 3 of nft's state mask.
    private static let new: UInt32 = 1 << 3
    mutating func isNewConnection() { masked(.ct(.state, to: .r1), Self.new, .notEqual, 0) }
    mutating func isNoNewConnection() { masked(.ct(.state, to: .r1), Self.new, .equal, 0) }

    /// `ct direction reply`.
    mutating func isReply() {
        expressions.append(.ct(.direction, to: .r1))
        expressions.append(.compare(.r1, .equal, [1]))
    }

    mutating func transportProtocol(is wanted: TransportProtocol) {
        expressions.append(.meta(.transportProtocol, to: .r1))
        expressions.append(.compare(.r1, .equal, [wanted.rawValue]))
    }

    /// The packet's socket is the relay's: transparent, and with this bit in its mark.
    mutating func socketIsTransparent(markedWith bit: UInt32) {
        expressions.append(.socket(.transparent, to: .r1))
        expressions.append(.compare(.r1, .equal, [1]))
        masked(.socket(.mark, to: .r1), bit, .equal, bit)
    }

    /// `fib saddr type local`; RTN_LOCAL of linux/rtnetlink.h.
    mutating func sourceIsThisNode() {
        expressions.append(.fibAddressType(.source, to: .r1))
        expressions.append(.compare(.r1, .equal, NativeOrder.bytes(2)))
    }

    /// The packet came in on this interface; the name is compared with its final zero bytes.
    mutating func inputInterface(is name: String) {
        let bytes = Array(name.utf8)
        inputInterface(bytes + [UInt8](repeating: 0, count: max(0, 16 - bytes.count)))
    }

    mutating func inputInterface(hasPrefix prefix: String) { inputInterface(Array(prefix.utf8)) }

    private mutating func inputInterface(_ bytes: [UInt8]) {
        expressions.append(.meta(.inputInterfaceName, to: .r1))
        expressions.append(.compare(.r1, .equal, bytes))
    }

    private mutating func relayAddress(_ port: UInt16) -> (address: NftablesRegister, port: NftablesRegister) {
        let second = NftablesRegister(2)
        expressions.append(.immediate(IPAddress.loopback(family.ipFamily).networkBytes, to: .r1))
        expressions.append(.immediate([UInt8(port >> 8), UInt8(truncatingIfNeeded: port)], to: second))
        return (.r1, second)
    }

    /// Hands the packet to the relay's transparent listener at this port of the loopback.
    mutating func proxy(toPort port: UInt16) {
        let place = relayAddress(port)
        expressions.append(.transparentProxy(address: place.address, port: place.port))
    }

    /// Sends the connection to the relay's listener at this port of the loopback.
    mutating func translate(toPort port: UInt16) {
        let place = relayAddress(port)
        expressions.append(.nat(.destination, address: place.address, port: place.port))
    }

    mutating func verdict(_ verdict: NftablesVerdict) { expressions.append(.verdict(verdict)) }
    mutating func reject() { expressions.append(.reject(.portUnreachable)) }
}

/// 32-bit values as the kernel keeps them in registers: in the order of the host.
enum NativeOrder {
    static func bytes(_ value: UInt32) -> [UInt8] {
        let little = (0..<4).map { UInt8(truncatingIfNeeded: value.littleEndian >> UInt32($0 * 8)) }
        return little
    }
}
