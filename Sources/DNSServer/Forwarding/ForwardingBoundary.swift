package import ClusterZone
package import DNSWire
internal import NetworkTypes

/// Which names must never be asked of other servers: they belong to the cluster, and other servers know nothing of them
/// or, worse, something else.
package struct ForwardingBoundary: Sendable {
    let domain: DomainName
    let reverseRanges: [IPPrefix]

    package init(_ settings: ZoneSettings) {
        domain = settings.domain
        reverseRanges = settings.reverseRanges
    }

    /// The name is in the cluster's domain or in the reverse zone of one of its ranges.
    package func owns(_ name: DomainName) -> Bool {
        if name.isWithin(domain) { return true }
        guard let block = Self.reverseBlock(of: name) else { return false }
        return reverseRanges.contains {
            $0.family == block.family && $0.length <= block.length && $0.contains(block.address)
        }
    }

    /// The block of addresses that a name of `in-addr.arpa` or `ip6.arpa` stands for, as far as its labels are numbers;
    /// nil for other names (RFC 1035 section 3.5, RFC 3596 section 2.5).
    static func reverseBlock(of name: DomainName) -> IPPrefix? {
        let labels = name.labels.reversed().map { String(decoding: $0, as: UTF8.self).lowercased() }
        guard labels.count >= 2, labels[0] == "arpa" else { return nil }
        switch labels[1] {
        case "in-addr": return block(labels.dropFirst(2), .ipv4, bits: 8, number: octet)
        case "ip6": return block(labels.dropFirst(2), .ipv6, bits: 4, number: nibble)
        default: return nil
        }
    }

    private static func block(
        _ labels: ArraySlice<String>, _ family: IPFamily, bits: Int, number: (String) -> UInt128?
    ) -> IPPrefix? {
        var (value, length) = (UInt128(0), 0)
        for label in labels {
            guard length < family.addressBitCount, let next = number(label) else { break }
            value = value << UInt128(bits) | next
            length += bits
        }
        let address = IPAddress(bits: length == 0 ? 0 : value << UInt128(family.addressBitCount - length), family: family)
        return IPPrefix(address, length: length)
    }

    private static func octet(_ label: String) -> UInt128? {
        guard let value = UInt8(label), String(value) == label else { return nil }
        return UInt128(value)
    }

    private static func nibble(_ label: String) -> UInt128? {
        guard label.utf8.count == 1 else { return nil }
        return UInt8(label, radix: 16).map { UInt128($0) }
    }
}
