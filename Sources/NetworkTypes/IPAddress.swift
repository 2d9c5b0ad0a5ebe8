/// An IPv4 or IPv6 address as an integer: 16 bytes and a family, nothing on the heap.
///
/// An IPv4-mapped IPv6 address (`::ffff:1.2.3.4`) stays IPv6; nothing is converted silently.
public struct IPAddress: Sendable, Hashable {
    /// The address in host order; an IPv4 address occupies the low 32 bits.
    public let bits: UInt128
    public let family: IPFamily

    /// - Precondition: an IPv4 value fits in 32 bits.
    public init(bits: UInt128, family: IPFamily) {
        precondition(family == .ipv6 || bits <= UInt128(UInt32.max), "IPv4 addresses have 32 bits")
        self.bits = bits
        self.family = family
    }

    /// An IPv4 address from its value in host order.
    public init(v4 value: UInt32) {
        self.bits = UInt128(value)
        self.family = .ipv4
    }

    /// From network byte order: 4 bytes make IPv4, 16 make IPv6, any other count fails.
    public init?(networkBytes bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: family = .ipv4
        case 16: family = .ipv6
        default: return nil
        }
        bits = bytes.reduce(0) { $0 << 8 | UInt128($1) }
    }

    /// The address in network byte order: 4 or 16 bytes.
    public var networkBytes: [UInt8] {
        let count = family.addressByteCount
        return (0..<count).map { UInt8(truncatingIfNeeded: bits >> UInt128((count - 1 - $0) * 8)) }
    }

    /// The IPv4 value in host order, nil for IPv6.
    public var v4: UInt32? { family == .ipv4 ? UInt32(truncatingIfNeeded: bits) : nil }

    /// 127.0.0.1 or ::1.
    package static func loopback(_ family: IPFamily) -> IPAddress {
        IPAddress(bits: family == .ipv4 ? 0x7f00_0001 : 1, family: family)
    }

    public var isUnspecified: Bool { bits == 0 }
    /// 127.0.0.0/8 or ::1 (RFC 1122, RFC 4291).
    public var isLoopback: Bool { family == .ipv4 ? bits >> 24 == 127 : bits == 1 }
    /// 169.254.0.0/16 or fe80::/10 (RFC 3927, RFC 4291).
    public var isLinkLocal: Bool { family == .ipv4 ? bits >> 16 == 0xA9FE : bits >> 118 == 0x3FA }
    /// 224.0.0.0/4 or ff00::/8 (RFC 5771, RFC 4291).
    public var isMulticast: Bool { family == .ipv4 ? bits >> 28 == 0xE : bits >> 120 == 0xFF }
}

extension IPAddress: Comparable {
    /// IPv4 before IPv6, then by value.
    public static func < (a: IPAddress, b: IPAddress) -> Bool {
        a.family == b.family ? a.bits < b.bits : a.family < b.family
    }
}
