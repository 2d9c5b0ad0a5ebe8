/// What a Service asks of a dataplane that relays its connections itself; others have nothing to do for it.
public struct RelayPreferences: Sendable, Hashable {
    /// The header that tells a backend who the client is (haproxy.org, "The PROXY protocol"). The raw value is the name
    /// in the annotation.
    public enum ProxyProtocol: String, Sendable, Hashable, CaseIterable {
        case v1
        case v2
    }

    /// Sent to the backend before the first byte; nil: none.
    public let proxyProtocol: ProxyProtocol?
    /// The backend sees the client's address where routing brings its answers back.
    public let keepsClientAddress: Bool

    public init(proxyProtocol: ProxyProtocol? = nil, keepsClientAddress: Bool = false) {
        self.proxyProtocol = proxyProtocol
        self.keepsClientAddress = keepsClientAddress
    }
}
