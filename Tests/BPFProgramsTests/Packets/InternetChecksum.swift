import NetworkTypes

/// The ones' complement sum of RFC 1071, computed the plain way: over whole headers, never by differences.
enum InternetChecksum {
    /// The sum of 16-bit words in network order, folded; an odd byte at the end counts as the high half of a word.
    static func sum(_ bytes: some Collection<UInt8>) -> UInt16 {
        var total: UInt64 = 0
        var isHigh = true
        for byte in bytes {
            total += isHigh ? UInt64(byte) << 8 : UInt64(byte)
            isHigh.toggle()
        }
        return fold(total)
    }

    static func fold(_ sum: UInt64) -> UInt16 {
        var sum = sum
        while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
        return UInt16(sum)
    }

    static func add(_ one: UInt16, _ other: UInt16) -> UInt16 { fold(UInt64(one) + UInt64(other)) }

    /// Of the pseudo-header (RFC 9293, 3.1; RFC 8200, 8.1).
    static func pseudoHeader(_ flow: Flow, length: Int) -> UInt16 {
        sum(
            flow.source.address.networkBytes + flow.destination.address.networkBytes
                + UInt32(length).networkBytes + UInt32(flow.transport).networkBytes)
    }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    var networkBytes: [UInt8] {
        (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> Self(Self.bitWidth - 8 - $0 * 8)) }
    }
}
