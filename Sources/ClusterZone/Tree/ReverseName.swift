internal import NetworkTypes

/// A name below `in-addr.arpa` or `ip6.arpa`, taken apart (RFC 1035 section 3.5, RFC 3596 section 2.5).
struct ReverseName: Sendable {
    var family: IPFamily
    /// Labels before `in-addr.arpa` or `ip6.arpa`.
    var labelCount: Int
    /// How many of those, counted from the right, are octets or nibbles.
    var depth: Int
    /// What these say, from the top of the address; the rest is 0.
    var bits: UInt128

    /// All labels stand for a part of an address, or for a whole one.
    var isWellFormed: Bool { depth == labelCount }
    var isWhole: Bool { isWellFormed && depth == Self.depthLimit(family) }
    /// The last address that has these octets or nibbles.
    var lastBits: UInt128 {
        let host = UInt128(family.addressBitCount - depth * Self.bitsPerLabel(family))
        return host >= 128 ? .max : bits | ((1 << host) &- 1)
    }

    static func bitsPerLabel(_ family: IPFamily) -> Int { family == .ipv4 ? 8 : 4 }
    static func depthLimit(_ family: IPFamily) -> Int { family == .ipv4 ? 4 : 32 }

    /// - Parameters:
    ///   - wire: a name in lower case.
    ///   - labelCount: its labels without the root.
    init?(_ wire: UnsafeRawBufferPointer, labelCount: Int) {
        // SAFETY: the caller's name is whole and has that many labels.
        guard labelCount >= 2, let family = unsafe Self.family(wire, labelCount: labelCount) else { return nil }
        self.family = family
        self.labelCount = labelCount - 2
        depth = 0
        bits = 0
        let limit = Self.depthLimit(family)
        let width = Self.bitsPerLabel(family)
        var offset = 0
        depth = min(self.labelCount, limit)
        for index in 0..<self.labelCount {
            // Counted from the right, which is the top of the address.
            let place = self.labelCount - 1 - index
            // SAFETY: the name is whole: a length byte and that many bytes are within it.
            let length = unsafe Int(wire[offset])
            let label = unsafe UnsafeRawBufferPointer(rebasing: wire[(offset + 1)..<(offset + 1 + length)])
            offset += 1 + length
            guard place < depth else { continue }
            if let value = unsafe family == .ipv4 ? Self.octet(label) : Self.nibble(label) {
                bits |= UInt128(value) << UInt128(family.addressBitCount - width * (place + 1))
            } else {
                // Everything to the left of it says nothing.
                depth = place
                bits = 0
            }
        }
    }

    private static func family(_ wire: UnsafeRawBufferPointer, labelCount: Int) -> IPFamily? {
        // The last two labels: 7 "in-addr" 4 "arpa" 0 and 3 "ip6" 4 "arpa" 0.
        // SAFETY: offsets come from the length bytes of a whole name.
        var offset = 0
        for _ in 0..<(labelCount - 2) { unsafe offset += 1 + Int(wire[offset]) }
        let rest = unsafe UnsafeRawBufferPointer(rebasing: wire[offset...])
        if unsafe rest.elementsEqual("\u{7}in-addr\u{4}arpa\u{0}".utf8) { return .ipv4 }
        return unsafe rest.elementsEqual("\u{3}ip6\u{4}arpa\u{0}".utf8) ? .ipv6 : nil
    }

    /// 0...255 without leading zeros: `01` is another name, which no address has.
    private static func octet(_ label: UnsafeRawBufferPointer) -> UInt8? {
        guard (1...3).contains(label.count) else { return nil }
        var value = 0
        // SAFETY: iterates within the buffer.
        for unsafe byte in unsafe label {
            guard byte &- UInt8(ascii: "0") < 10 else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        let isCanonical = unsafe label.count == 1 || label[0] != UInt8(ascii: "0")
        return isCanonical ? UInt8(exactly: value) : nil
    }

    private static func nibble(_ label: UnsafeRawBufferPointer) -> UInt8? {
        // SAFETY: the first byte is read only where there is one.
        guard label.count == 1 else { return nil }
        switch unsafe label[0] {
        case let byte where byte &- UInt8(ascii: "0") < 10: return byte - UInt8(ascii: "0")
        case let byte where byte &- UInt8(ascii: "a") < 6: return byte - UInt8(ascii: "a") + 10
        default: return nil
        }
    }
}
