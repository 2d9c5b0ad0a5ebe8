package import CBPFMaps
package import NetworkTypes

extension fw_address {
    /// 16 bytes in network order, IPv4 as ::ffff:a.b.c.d.
    package init(_ address: IPAddress) {
        let bits = address.family == .ipv4 ? 0xffff_0000_0000 | address.bits : address.bits
        self.init(
            words: (
                UInt32(truncatingIfNeeded: bits >> 96).bigEndian, UInt32(truncatingIfNeeded: bits >> 64).bigEndian,
                UInt32(truncatingIfNeeded: bits >> 32).bigEndian, UInt32(truncatingIfNeeded: bits).bigEndian
            ))
    }
}

extension IPAddress {
    /// ::ffff:a.b.c.d is IPv4, anything else IPv6.
    package init(_ address: fw_address) {
        let words = address.words
        let bits =
            UInt128(UInt32(bigEndian: words.0)) << 96 | UInt128(UInt32(bigEndian: words.1)) << 64
            | UInt128(UInt32(bigEndian: words.2)) << 32 | UInt128(UInt32(bigEndian: words.3))
        if bits >> 32 == 0xffff {
            self.init(v4: UInt32(truncatingIfNeeded: bits))
        } else {
            self.init(bits: bits, family: .ipv6)
        }
    }

    /// The whole family, as the key of a NodePort has it: :: or 0.0.0.0.
    static func unspecified(_ family: IPFamily) -> IPAddress { IPAddress(bits: 0, family: family) }
}

extension fw_prefix {
    package init(_ prefix: IPPrefix) {
        self.init(length: prefix.mappedLength, address: fw_address(prefix.address))
    }
}

extension IPPrefix {
    /// Bits of the 16 byte address that count.
    fileprivate var mappedLength: UInt32 { UInt32(length + (family == .ipv4 ? 96 : 0)) }

    /// Nil for a length that no prefix of the address's family has.
    package init?(_ prefix: fw_prefix) {
        self.init(mapped: IPAddress(prefix.address), length: prefix.length)
    }

    fileprivate init?(mapped address: IPAddress, length: UInt32) {
        guard length <= 128 else { return nil }
        self.init(address, length: Int(length) - (address.family == .ipv4 ? 96 : 0))
    }
}

extension fw_source_key {
    package init(_ key: BPFSourceKey) {
        self.init(
            length: 32 + key.prefix.mappedLength, sources: key.sources.bigEndian,
            address: fw_address(key.prefix.address))
    }
}

extension BPFSourceKey {
    /// Nil for a length that no prefix of the address's family has.
    package init?(_ key: fw_source_key) {
        guard key.length >= 32, let prefix = IPPrefix(mapped: IPAddress(key.address), length: key.length - 32) else {
            return nil
        }
        self.init(sources: UInt32(bigEndian: key.sources), prefix: prefix)
    }
}
