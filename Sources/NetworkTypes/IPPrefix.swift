/// A CIDR block: a network address and the length of its prefix in bits (RFC 4632).
public struct IPPrefix: Sendable, Hashable {
    /// The first address of the block; host bits are always zero.
    public let address: IPAddress
    /// 0...32 or 0...128.
    public let length: Int

    /// Clears the host bits of `address`; fails when `length` does not fit the family.
    public init?(_ address: IPAddress, length: Int) {
        guard (0...address.family.addressBitCount).contains(length) else { return nil }
        self.length = length
        let host = UInt128(address.family.addressBitCount - length)
        self.address = IPAddress(bits: host >= 128 ? 0 : (address.bits >> host) << host, family: address.family)
    }

    /// The block that holds one address only.
    public init(_ address: IPAddress) {
        self.address = address
        self.length = address.family.addressBitCount
    }

    /// The block that reaches exactly from one address through another; nil when none does.
    public init?(from first: IPAddress, through last: IPAddress?) {
        guard let last, last.family == first.family else { return nil }
        let host = (~(first.bits ^ last.bits)).trailingZeroBitCount
        self.init(first, length: first.family.addressBitCount - host)
        guard address == first, lastAddress == last else { return nil }
    }

    public var family: IPFamily { address.family }

    /// The last address of the block.
    public var lastAddress: IPAddress {
        let host = UInt128(family.addressBitCount - length)
        let mask: UInt128 = host >= 128 ? .max : (1 << host) - 1
        return IPAddress(bits: address.bits | mask, family: family)
    }

    public func contains(_ other: IPAddress) -> Bool {
        other.family == family && other >= address && other <= lastAddress
    }

    public func overlaps(_ other: IPPrefix) -> Bool {
        contains(other.address) || other.contains(address)
    }

    /// `prefixes` without those that lie inside another, sorted, each once.
    public static func outermost(of prefixes: some Sequence<IPPrefix>) -> [IPPrefix] {
        var result: [IPPrefix] = []
        // A block sorts before what it holds: the last one kept is the only one that can hold the next.
        for prefix in prefixes.sorted() {
            if let last = result.last, last.contains(prefix.address) { continue }
            result.append(prefix)
        }
        return result
    }
}

extension IPPrefix: LosslessStringConvertible {
    /// Parses `ADDRESS/LENGTH`. Host bits may be set in the text and are cleared.
    public init?(_ text: some StringProtocol) {
        guard let slash = text.lastIndex(of: "/"), let address = IPAddress(text[..<slash]) else { return nil }
        let digits = text[text.index(after: slash)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            digits.count == 1 || digits.first != "0", let length = Int(digits)
        else { return nil }
        self.init(address, length: length)
    }

    public init?(_ description: String) {
        self.init(description[...])
    }

    public var description: String { "\(address)/\(length)" }
}

extension IPPrefix: Comparable {
    public static func < (a: IPPrefix, b: IPPrefix) -> Bool {
        a.address == b.address ? a.length < b.length : a.address < b.address
    }
}
