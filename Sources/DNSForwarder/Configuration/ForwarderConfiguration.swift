public import DNSWire
public import NetworkTypes

/// Whom a forwarder asks, for which names, and within which bounds.
public struct ForwarderConfiguration: Sendable {
    /// An address and port that this server listens on.
    public struct ListeningAddress: Sendable, Hashable, CustomStringConvertible {
        /// `0.0.0.0` and `::` stand for every loopback address and every one of `localAddresses`.
        public var address: IPAddress
        public var port: PortNumber

        public init(_ address: IPAddress, port: PortNumber) {
            self.address = address
            self.port = port
        }

        public var description: String { address.description(withPort: port) }
    }

    /// How the certificate of a TLS upstream is judged.
    public enum CertificateVerification: Sendable, Hashable {
        /// Chain and server name; the chain alone for an upstream without one.
        case full
        /// Not at all: protects from listeners, not from impostors (RFC 7858 section 4.1, opportunistic).
        case none
    }

    /// For names in no stub domain. Empty: they get SERVFAIL.
    public var upstreams: [UpstreamAddress]
    /// The longest domain that holds a name decides.
    public var stubDomains: [StubDomain]
    /// Where this server listens: an upstream that is one of these would ask itself.
    public var listeningAddresses: [ListeningAddress] = []
    /// Addresses of this node, for listening addresses that stand for all.
    public var localAddresses: [IPAddress] = []
    /// Names that this server answers itself: never asked of others, also when an alias leads there.
    public var isOwn: @Sendable (DomainName) -> Bool
    public var certificateVerification = CertificateVerification.full
    /// A file of certificates in PEM that TLS upstreams are verified with; nil takes the system's.
    public var trustedCertificatesPath: String?
    public var limits = ForwarderLimits()
    public var cache = CachePolicy()

    public init(
        upstreams: [UpstreamAddress], stubDomains: [StubDomain] = [],
        isOwn: @escaping @Sendable (DomainName) -> Bool = { _ in false }
    ) {
        self.upstreams = upstreams
        self.stubDomains = StubDomain.merged(stubDomains)
        self.isOwn = isOwn
    }

    /// Takes out the upstreams that are this server itself, and says which: a line for the log each.
    ///
    /// A loop must not end the server (a node's resolv.conf with 127.0.0.53 is common): the rest goes on.
    mutating func removeOwnAddresses() -> [String] {
        var warnings: [String] = []
        func keep(_ upstream: UpstreamAddress, _ use: String) -> Bool {
            guard let own = listeningAddresses.first(where: { isSame($0, upstream) }) else { return true }
            warnings.append("upstream \(upstream)\(use) is this server itself (\(own)) and is left out")
            return false
        }
        let others = upstreams.filter { keep($0, "") }
        let stubs = stubDomains.map { stub in
            StubDomain(domain: stub.domain, upstreams: stub.upstreams.filter { keep($0, " of \(stub.domain)") })
        }
        upstreams = others
        stubDomains = stubs
        return warnings
    }

    private func isSame(_ own: ListeningAddress, _ upstream: UpstreamAddress) -> Bool {
        guard own.port == upstream.port else { return false }
        let address = Self.unmapped(upstream.address)
        if own.address == address { return true }
        // An IPv6 socket takes IPv4 as well, so `::` stands for both families.
        guard own.address.isUnspecified, own.address.family == .ipv6 || address.family == .ipv4 else {
            return false
        }
        return address.isLoopback || localAddresses.contains(address)
    }

    /// `::ffff:1.2.3.4` reaches who has 1.2.3.4 (RFC 4291 section 2.5.5.2).
    private static func unmapped(_ address: IPAddress) -> IPAddress {
        guard address.family == .ipv6, address.bits >> 32 == 0xFFFF else { return address }
        return IPAddress(v4: UInt32(truncatingIfNeeded: address.bits))
    }
}
