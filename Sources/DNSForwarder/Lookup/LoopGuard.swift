internal import DNSWire
internal import NetworkTypes

/// The sign by which a server knows a query that it sent itself.
///
/// Forwarders on the way either pass an option on (dnsmasq) or drop it. Where they drop it, a loop ends all the same:
/// the query that comes back is equal to the one in flight, waits for it, and sends nothing.
struct LoopGuard: Equatable {
    /// For local and experimental use (RFC 6891 section 9).
    static let optionCode: UInt16 = 65001
    static let tokenByteCount = 8

    let token: [UInt8]

    /// - Parameter random: a new token for each run, so that nobody else has it.
    init(random: inout some RandomNumberGenerator) {
        let value = random.next()
        token = (0..<Self.tokenByteCount).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }

    func recognises(_ options: [EDNSOption]) -> Bool {
        options.contains { $0.code == Self.optionCode && $0.data == token }
    }

    /// Only an upstream nearby can lead back here; servers out in the internet get no option they may not like.
    static func isWorthwhile(for upstream: UpstreamAddress) -> Bool {
        let address = upstream.address
        if address.isLoopback || address.isLinkLocal { return true }
        return nearby.contains { $0.contains(address) }
    }

    /// RFC 1918, RFC 6598, RFC 4193.
    private static let nearby = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]
        .compactMap { IPPrefix($0) }
}
