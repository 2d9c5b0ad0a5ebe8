public import NetworkTypes

/// A DNS server that questions are forwarded to.
public struct UpstreamAddress: Sendable, Hashable {
    /// How an upstream is spoken to.
    public enum Transport: Sendable, Hashable {
        /// UDP, and TCP for what does not fit.
        case udp
        /// DNS over TLS (RFC 7858). The certificate is verified against the name; without a name the chain alone is.
        case tls(serverName: String?)
    }

    public var address: IPAddress
    /// The interface of a link-local address (`fe80::1%eth0`), a name or an index in digits; nil elsewhere.
    public var scope: String?
    public var port: PortNumber
    public var transport: Transport

    /// RFC 1035.
    public static let defaultPort: PortNumber = 53
    /// RFC 7858 section 3.1.
    public static let defaultTLSPort: PortNumber = 853

    public init(
        _ address: IPAddress, scope: String? = nil, port: PortNumber = defaultPort, transport: Transport = .udp
    ) {
        self.address = address
        self.scope = scope
        self.port = port
        self.transport = transport
    }

    var isTLS: Bool { if case .tls = transport { true } else { false } }
}

extension UpstreamAddress: CustomStringConvertible {
    /// As `init(_:)` reads it, with the port: what the label `to` of metrics says.
    public var description: String {
        let host = address.description + (scope.map { "%" + $0 } ?? "")
        let place = address.family == .ipv6 ? "[\(host)]:\(port)" : "\(host):\(port)"
        switch transport {
        case .udp: return place
        case .tls(nil): return "tls://" + place
        case .tls(let name?): return "tls://\(place)#\(name)"
        }
    }
}
