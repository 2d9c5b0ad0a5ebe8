/// The two versions of the Internet Protocol.
public enum IPFamily: UInt8, Sendable, Hashable, CaseIterable, Comparable, CustomStringConvertible {
    case ipv4 = 4
    case ipv6 = 6

    /// Length of an address, in bytes.
    public var addressByteCount: Int { self == .ipv4 ? 4 : 16 }
    /// Length of an address, in bits.
    public var addressBitCount: Int { addressByteCount * 8 }

    /// `IPv4` or `IPv6`, as the Kubernetes API spells families.
    public var description: String { self == .ipv4 ? "IPv4" : "IPv6" }

    public static func < (a: IPFamily, b: IPFamily) -> Bool { a.rawValue < b.rawValue }
}
