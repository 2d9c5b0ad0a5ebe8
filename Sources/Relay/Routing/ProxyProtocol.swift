/// The header that tells a backend who the client is (haproxy.org, "The PROXY protocol", versions 1 and 2).
package enum ProxyProtocol: String, Sendable, Hashable, CaseIterable {
    case v1
    case v2
}
