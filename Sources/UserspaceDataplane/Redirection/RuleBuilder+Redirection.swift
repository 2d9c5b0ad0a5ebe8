internal import Netlink
internal import NetworkTypes

/// What only this table needs.
extension RuleBuilder {
    mutating func isIn(_ set: RedirectionSet) { isIn(set.rawValue) }
    mutating func setPriority(from map: RedirectionSet) { setPriority(from: map.rawValue) }

    /// Goes on when these bits of the priority are exactly so.
    mutating func priority(_ mask: UInt32, is bits: UInt32) {
        masked(.meta(.priority, to: .r1), mask, .equal, bits)
    }

    /// Goes on when any of these bits is set in the mark.
    mutating func markHas(anyOf bits: UInt32) { masked(.meta(.mark, to: .r1), bits, .notEqual, 0) }

    mutating func addMark(_ bits: UInt32) {
        append(.meta(.mark, to: .r1))
        append(
            .bitwise(from: .r1, to: .r1, mask: HostOrder.bytes(~bits), xor: HostOrder.bytes(bits)))
        append(.setMeta(.mark, from: .r1))
    }

    /// `ct direction reply`.
    mutating func isReply() {
        append(.ct(.direction, to: .r1))
        append(.compare(.r1, .equal, [1]))
    }

    /// ICMP or ICMPv6.
    mutating func controlMessages() {
        append(.meta(.transportProtocol, to: .r1))
        append(.compare(.r1, .equal, [family == .ip ? 1 : 58]))
    }

    /// The packet's socket is the relay's: transparent, and with this bit in its mark.
    mutating func socketIsTransparent(markedWith bit: UInt32) {
        append(.socket(.transparent, to: .r1))
        append(.compare(.r1, .equal, [1]))
        masked(.socket(.mark, to: .r1), bit, .equal, bit)
    }

    private mutating func relayAddress(_ port: UInt16) -> (address: NftablesRegister, port: NftablesRegister) {
        let second = NftablesRegister(2)
        append(.immediate(IPAddress.loopback(family.ipFamily).networkBytes, to: .r1))
        append(.immediate([UInt8(port >> 8), UInt8(truncatingIfNeeded: port)], to: second))
        return (.r1, second)
    }

    /// Hands the packet to the relay's transparent listener at this port of the loopback.
    mutating func proxy(toPort port: UInt16) {
        let place = relayAddress(port)
        append(.transparentProxy(address: place.address, port: place.port))
    }

    /// Sends the connection to the relay's listener at this port of the loopback.
    mutating func translate(toPort port: UInt16) {
        let place = relayAddress(port)
        append(.nat(.destination, address: place.address, port: place.port))
    }

    mutating func reject() { append(.reject(.portUnreachable)) }
}
