internal import DNSWire
internal import NIOCore
internal import NIOSSL
internal import NetworkTypes

/// Where an upstream's sockets lead, worked out once.
struct UpstreamEndpoint: Sendable {
    let upstream: UpstreamAddress
    /// Nil for an interface that does not exist: every query to it fails.
    let socketAddress: SocketAddress?
    /// For TLS.
    let tls: NIOSSLContext?

    /// - Throws: `ForwarderError` when certificates cannot be read.
    init(_ upstream: UpstreamAddress, configuration: ForwarderConfiguration) throws {
        self.upstream = upstream
        let port = Int(upstream.port.rawValue)
        if let scope = upstream.scope {
            // Numeric: only the interface is looked up.
            socketAddress = try? SocketAddress.makeAddressResolvingHost("\(upstream.address)%\(scope)", port: port)
        } else {
            socketAddress = try? SocketAddress(ipAddress: upstream.address.description, port: port)
        }
        guard case .tls(let name) = upstream.transport else {
            tls = nil
            return
        }
        do {
            tls = try NIOSSLContext(configuration: Self.tlsConfiguration(serverName: name, configuration))
        } catch {
            throw ForwarderError(
                description: "upstream \(upstream): certificates of "
                    + "\(configuration.trustedCertificatesPath ?? "the system") cannot be used: \(error)")
        }
    }

    private static func tlsConfiguration(
        serverName: String?, _ configuration: ForwarderConfiguration
    ) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        // RFC 7858 registers it; servers that share a port with HTTPS choose by it.
        tls.applicationProtocols = ["dot"]
        switch configuration.certificateVerification {
        case .none: tls.certificateVerification = .none
        case .full: tls.certificateVerification = serverName == nil ? .noHostnameVerification : .fullVerification
        }
        if let path = configuration.trustedCertificatesPath { tls.trustRoots = .file(path) }
        return tls
    }

    /// The wildcard of the upstream's family.
    var anyAddress: String { upstream.address.family == .ipv4 ? "0.0.0.0" : "::" }

    var serverName: String? { if case .tls(let name) = upstream.transport { name } else { nil } }
}
