internal import NIOCore
internal import NIOSSL

/// A server whose certificate is not of the name that was looked for.
struct CertificateNameMismatch: Error {
    /// Those that it is of.
    let names: [String]
}

extension NIOSSLCertificate {
    /// Whether the certificate is of a DNS name, which is none of its addresses and not its common name.
    ///
    /// RFC 6125, 6.4.3 and 6.4.4, as crypto/x509 of Go reads it: `*` stands for one label, the leftmost, alone.
    func isOf(_ name: String) -> Bool {
        _subjectAlternativeNames().contains { alternative in
            alternative.nameType == .dnsName && dnsName(name, isOf: String(decoding: alternative.contents, as: UTF8.self))
        }
    }

    /// DNS names and addresses as text.
    var names: [String] {
        _subjectAlternativeNames().compactMap { name in
            switch name.nameType {
            case .dnsName: String(decoding: name.contents, as: UTF8.self)
            case .ipAddress: addressText(Array(name.contents))
            default: nil
            }
        }
    }
}

/// Whether a name is the one of a certificate, or of those that its `*` stands for.
func dnsName(_ name: String, isOf pattern: String) -> Bool {
    let wanted = labels(name.hasSuffix(".") ? String(name.dropLast()) : name)
    let given = labels(pattern)
    guard wanted.count == given.count, !wanted.contains(where: \.isEmpty) else { return false }
    guard given[0] == "*" else { return wanted == given }
    return given.count > 1 && wanted.dropFirst() == given.dropFirst()
}

private func labels(_ name: String) -> [String] {
    name.lowercased().split(separator: ".", omittingEmptySubsequences: false).map(String.init)
}

extension ClusterConnection {
    /// The name the server's certificate must have; nil: none is looked for, or an address, which TLS itself compares.
    var certificateName: String? {
        guard server.isSecure, !tls.skipsVerification else { return nil }
        let name = tls.serverName.isEmpty ? server.host : tls.serverName
        return isAddress(name) ? nil : name
    }
}

extension Channel {
    /// Succeeds when the certificate of the other side is of a name. Otherwise closes the connection, on which nothing was
    /// asked yet, and fails.
    ///
    /// The TLS library takes a certificate also for the address of the peer that stands in it, whatever name was looked
    /// for: that of another server behind the same address would do.
    func checkCertificate(is name: String) -> EventLoopFuture<Void> {
        let pipeline = self.pipeline.syncOperations
        let certificate = try? pipeline.nioSSL_peerCertificate()
        if let certificate, certificate.isOf(name) { return eventLoop.makeSucceededVoidFuture() }
        let mismatch = CertificateNameMismatch(names: certificate?.names ?? [])
        // The pool must see the end of the connection before it hears why. No farewell: the peer might not answer it.
        let failed: EventLoopFuture<Void> = closeFuture.flatMapThrowing { _ in throw mismatch }
        if let context = try? pipeline.context(handlerType: NIOSSLClientHandler.self) {
            context.close(mode: .all, promise: nil)
        } else {
            close(promise: nil)
        }
        return failed
    }
}
