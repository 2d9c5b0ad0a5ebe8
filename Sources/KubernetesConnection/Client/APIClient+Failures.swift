internal import AsyncHTTPClient
internal import FoundationEssentials
internal import Glibc
internal import KubernetesModel
internal import LinuxSystem
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2
internal import NIOPosix
internal import NIOSSL

extension APIClient {
    /// What a library's error means to an operator.
    func explained(_ error: any Error) async -> any Error {
        if error is CancellationError || error is ConnectionError { return error }
        let connection = connection
        let server = connection.server
        let way = connection.proxy.map { " through proxy \($0)" } ?? ""
        if let failure = error as? HTTPClientError {
            switch failure {
            case .cancelled: return CancellationError()
            case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
                return ConnectionError(
                    .timedOut, "\(server): no connection\(way) within \(options.connectTimeout.components.seconds) s")
            case .deadlineExceeded:
                return ConnectionError(
                    .timedOut, "\(server): no answer\(way) within \(options.requestTimeout.components.seconds) s")
            case .readTimeout: return ConnectionError(.timedOut, "\(server): nothing more came, the connection is given up")
            case .remoteConnectionClosed: return ConnectionError(.closed, "\(server): the connection was closed")
            case .proxyAuthenticationRequired:
                return ConnectionError(.unreachable, "\(server): the proxy of \(connection.proxyField) wants a user and a password")
            case .invalidProxyResponse:
                return ConnectionError(.unreachable, "\(server): the proxy of \(connection.proxyField) did not open a way there")
            default: return ConnectionError(.unreachable, "\(server): \(failure)\(way)")
            }
        }
        if let mismatch = error as? CertificateNameMismatch { return wrongName(mismatch.names) }
        if let failure = error as? NIOSSLExtraError, failure == .failedToValidateHostname {
            return wrongName(await PeerCertificate.ask(connection, options.connectTimeout)?.names)
        }
        if let failure = error as? NIOHTTP2Errors.StreamClosed {
            switch failure.errorCode {
            // What streams get that go with their connection, or that the server has not looked at (RFC 9113 section 8.7).
            case .cancel, .refusedStream, .noError: return ConnectionError(.closed, "\(server): the connection was closed")
            case let code: return ConnectionError(.unreachable, "\(server): the server broke the request off: \(code)")
            }
        }
        if let failure = error as? HTTPParserError, failure != .invalidEOFState, !server.isSecure { return wantsTLS }
        if error is HTTPParserError || error as? NIOSSLError == .uncleanShutdown {
            return ConnectionError(.unreachable, "\(server): the connection broke in the middle of an answer")
        }
        if error is NIOSSLError || error is BoringSSLError { return await handshakeFailure(error) }
        if let failure = error as? NIOConnectionError { return unreachable(failure) }
        if let failure = error as? IOError {
            // What the kernel says of a peer that acknowledges nothing any more.
            return ConnectionError(
                failure.errnoCode == ETIMEDOUT ? .timedOut : .unreachable, "\(server): \(Self.reason(failure))\(way)")
        }
        return ConnectionError(.unreachable, "\(server): \(error)\(way)")
    }

    /// What came back is no HTTP, or says so.
    var wantsTLS: ConnectionError {
        ConnectionError(
            .configuration,
            "\(connection.server): what answers there speaks TLS: \(connection.origin) must name it as https://\(connection.server.authority)\(connection.server.path)")
    }

    private func unreachable(_ failure: NIOConnectionError) -> ConnectionError {
        let target = connection.proxy.map { "proxy \($0)" } ?? "\(connection.server)"
        if let first = failure.connectionErrors.first {
            let reason = (first.error as? IOError).map(Self.reason) ?? "\(first.error)"
            return ConnectionError(.unreachable, "\(target): cannot connect: \(reason)")
        }
        let host = failure.host
        return ConnectionError(.unreachable, "\(target): no address is known for \(host): is it spelled right, and does DNS work?")
    }

    /// `Connection refused` of `connect(descriptor:addr:size:): Connection refused) (errno: 111)`.
    private static func reason(_ error: IOError) -> String { "\(Errno(rawValue: error.errnoCode))" }

    /// - Parameter names: those of the certificate, where they are known.
    private func wrongName(_ names: [String]?) -> ConnectionError {
        let expected = connection.tls.serverName.isEmpty ? connection.server.host : connection.tls.serverName
        let names = names.map { $0.isEmpty ? ", which has no names" : ", which is of \($0.joined(separator: ", "))" } ?? ""
        return ConnectionError(
            .certificate, "\(connection.server): the server's certificate is not of \(expected)\(names): \(fix("tls-server-name"))")
    }

    private func handshakeFailure(_ error: any Error) async -> ConnectionError {
        let text = "\(error)"
        if text.contains("EOF during handshake") || text.contains("WRONG_VERSION_NUMBER") {
            return ConnectionError(
                .certificate, "\(connection.server): the TLS handshake failed: what answers there speaks no TLS, or closed the connection")
        }
        guard text.contains("CERTIFICATE_VERIFY_FAILED") else {
            return ConnectionError(.certificate, "\(connection.server): the TLS handshake failed: \(tlsReason(text))")
        }
        guard let peer = await PeerCertificate.ask(connection, options.connectTimeout) else {
            return ConnectionError(.certificate, "\(connection.server): the server's certificate is not trusted: \(fix("certificate-authority"))")
        }
        let now = Int64(Date().timeIntervalSince1970)
        if peer.notAfter < now {
            return ConnectionError(
                .certificate, "\(connection.server): the server's certificate expired at \(Timestamp(seconds: peer.notAfter))")
        }
        if peer.notBefore > now {
            return ConnectionError(
                .certificate,
                "\(connection.server): the server's certificate is valid only from \(Timestamp(seconds: peer.notBefore)): is this node's clock right?")
        }
        return ConnectionError(
            .certificate,
            "\(connection.server): the server's certificate (\(peer.names.joined(separator: ", "))) was not signed by an authority that is trusted: \(fix("certificate-authority"))")
    }

    /// Which field would have to say something else.
    private func fix(_ field: String) -> String {
        if field == "certificate-authority", let authority = connection.tls.authority {
            return "\(authority.origin) must hold its authority"
        }
        guard connection.origin.hasPrefix("kubeconfig") else { return "a kubeconfig's \(field) can name it" }
        return "\(connection.origin): \(field) can name it"
    }

    /// `ALERT: TLSV1_ALERT_CERTIFICATE_REQUIRED` out of a stack of the library's errors.
    private func tlsReason(_ text: String) -> String {
        guard let range = text.split(separator: ":").last(where: { part in
            let word = part.split(separator: " ").first ?? ""
            return word.count > 4 && word.allSatisfy { $0.isUppercase || $0 == "_" || $0.isNumber }
        }) else { return text }
        return String(range.split(separator: " ").first ?? "")
    }
}
