package import NetworkTypes

/// A rule being written: packet fields are loaded into consecutive registers, laid out as nft itself does for the same
/// text, so that `nft list ruleset` prints what nft would have made.
package struct RuleBuilder {
    package let family: NftablesFamily
    package private(set) var expressions: [RuleExpression] = []
    /// Words of register space taken by the operand being built; 0 once something has been done with it.
    package var words = 0

    package init(_ family: NftablesFamily) { self.family = family }

    // Offsets of the address fields: RFC 791 section 3.1, RFC 8200 section 3.
    package var sourceOffset: Int { family == .ip ? 12 : 8 }
    private var destinationOffset: Int { family == .ip ? 16 : 24 }
    package var addressLength: Int { family.ipFamily.addressByteCount }
    package var addressWords: Int { addressLength / 4 }

    package mutating func append(_ expression: RuleExpression) { expressions.append(expression) }

    /// Adds so many words to the operand.
    package mutating func append(_ words: Int, _ make: (NftablesRegister) -> RuleExpression) {
        expressions.append(make(.word(self.words)))
        self.words += words
    }

    package mutating func verdict(_ verdict: NftablesVerdict) { append(.verdict(verdict)) }
}

/// Operands.
extension RuleBuilder {
    package mutating func sourceAddress() {
        let (offset, length) = (sourceOffset, addressLength)
        append(addressWords) { .payload(.network, offset: offset, length: length, to: $0) }
    }

    package mutating func destinationAddress() {
        let (offset, length) = (destinationOffset, addressLength)
        append(addressWords) { .payload(.network, offset: offset, length: length, to: $0) }
    }

    package mutating func transportProtocol() { append(1) { .meta(.transportProtocol, to: $0) } }

    /// Bytes 2 and 3 of the TCP, UDP and SCTP headers alike.
    package mutating func destinationPort() { append(1) { .payload(.transport, offset: 2, length: 2, to: $0) } }

    /// The key of a NodePort, the address aside.
    package mutating func nodePort() {
        transportProtocol()
        destinationPort()
    }

    /// The key of an address frontend: where the packet goes.
    package mutating func frontend() {
        destinationAddress()
        nodePort()
    }
}

/// What is done with the operand.
extension RuleBuilder {
    /// Goes on when the operand is in the set.
    package mutating func isIn(_ set: String) {
        append(.lookup(set: set, key: .r1, inverted: false))
        words = 0
    }

    /// Writes what the map gives for the operand into the packet's priority.
    package mutating func setPriority(from map: String) {
        append(.mapLookup(map: map, key: .r1, to: .r1))
        append(.setMeta(.priority, from: .r1))
        words = 0
    }
}

/// Statements and matches without an operand.
extension RuleBuilder {
    /// Gives the priority back: packets leave Fairway's chains with none.
    package mutating func clearPriority() {
        append(.immediate([0, 0, 0, 0], to: .r1))
        append(.setMeta(.priority, from: .r1))
    }

    /// Goes on when what is loaded has this value under the mask, or has not.
    package mutating func masked(
        _ load: RuleExpression, _ mask: UInt32, _ operation: RuleExpression.CompareOperation, _ value: UInt32
    ) {
        append(load)
        append(.bitwise(from: .r1, to: .r1, mask: HostOrder.bytes(mask), xor: [0, 0, 0, 0]))
        append(.compare(.r1, operation, HostOrder.bytes(value)))
    }

    /// IP_CT_NEW: bit 3 of nft's state mask.
    private static let new: UInt32 = 1 << 3

    /// `ct state new`.
    package mutating func isNewConnection() { masked(.ct(.state, to: .r1), Self.new, .notEqual, 0) }

    package mutating func isNoNewConnection() { masked(.ct(.state, to: .r1), Self.new, .equal, 0) }

    package mutating func transportProtocol(is wanted: TransportProtocol) {
        append(.meta(.transportProtocol, to: .r1))
        append(.compare(.r1, .equal, [wanted.rawValue]))
    }

    /// `fib saddr type local`.
    package mutating func sourceIsThisNode() {
        let local: UInt32 = 2  // RTN_LOCAL, linux/rtnetlink.h
        append(.fibAddressType(.source, to: .r1))
        append(.compare(.r1, .equal, HostOrder.bytes(local)))
    }

    /// The packet came in on this interface; the name is compared with its final zero bytes.
    package mutating func inputInterface(is name: String) {
        let bytes = Array(name.utf8)
        inputInterface(bytes + [UInt8](repeating: 0, count: max(0, 16 - bytes.count)))
    }

    /// The packet came in on an interface whose name begins so.
    package mutating func inputInterface(hasPrefix prefix: String) { inputInterface(Array(prefix.utf8)) }

    private mutating func inputInterface(_ bytes: [UInt8]) {
        append(.meta(.inputInterfaceName, to: .r1))
        append(.compare(.r1, .equal, bytes))
    }
}
