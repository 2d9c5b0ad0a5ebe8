internal import FoundationEssentials
internal import KubernetesModel
internal import NIOSSL
internal import Synchronization

/// Makes the TLS configuration of new connections from what stands in its files now.
///
/// As long as their bytes are the same it is the same configuration, and connections that are open are used again. Files
/// that changed into something unusable (half written, a pair that does not match) leave the one before in place.
final class ClientTLS: Sendable {
    private struct State {
        var material: TLSMaterial?
        var configuration: TLSConfiguration?
        var fault: ConnectionError?
    }

    private let settings: TLSSettings
    private let now: @Sendable () -> Int64
    private let state = Mutex(State())

    init(_ settings: TLSSettings, now: @escaping @Sendable () -> Int64) {
        self.settings = settings
        self.now = now
    }

    /// The configuration of connections that begin now.
    ///
    /// - Parameter identity: a certificate and key in place of those of the settings.
    /// - Returns: also why a newer one cannot be used, once for each reason.
    /// - Throws: ``ConnectionError`` when there is none that could be used.
    func current(
        identity: RequestCredentials.Identity? = nil
    ) throws(ConnectionError) -> (configuration: TLSConfiguration, news: ConnectionError?) {
        do {
            let material = try TLSMaterial(settings, identity)
            if let known = state.withLock({ $0.material == material ? $0.configuration : nil }) { return (known, nil) }
            let configuration = try material.configuration(settings, now: now())
            state.withLock { $0 = State(material: material, configuration: configuration) }
            return (configuration, nil)
        } catch {
            let (known, isNews) = state.withLock { state in
                let isNews = state.fault != error
                state.fault = error
                return (state.configuration, isNews)
            }
            guard let known, identity == nil else { throw error }
            return (known, isNews ? error : nil)
        }
    }
}

/// The bytes a TLS configuration is made of.
struct TLSMaterial: Hashable {
    let authority: [UInt8]?
    let certificate: [UInt8]?
    let key: [UInt8]?

    init(_ settings: TLSSettings, _ identity: RequestCredentials.Identity?) throws(ConnectionError) {
        authority = try settings.authority?.read()
        if let identity {
            (certificate, key) = (identity.certificate, identity.key)
        } else {
            certificate = try settings.certificate?.read()
            key = try settings.key?.read()
        }
    }

    /// - Throws: ``ConnectionError`` naming the field: not PEM, a certificate that expired or does not match its key.
    func configuration(_ settings: TLSSettings, now: Int64) throws(ConnectionError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if settings.skipsVerification { configuration.certificateVerification = .none }
        if let authority, let source = settings.authority {
            configuration.trustRoots = .certificates(try certificates(authority, source.origin, source.label))
        }
        guard let certificate, let key else { return configuration }
        let origin = settings.certificate?.origin ?? FieldOrigin(document: "exec plugin", field: "status.clientCertificateData")
        let keyOrigin = settings.key?.origin ?? FieldOrigin(document: "exec plugin", field: "status.clientKeyData")
        let label = settings.certificate?.label ?? "the data given"
        let chain = try certificates(certificate, origin, label)
        try checkTime(chain[0], origin, label, now)
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = .privateKey(try privateKey(key, keyOrigin, settings.key?.label ?? "the data given"))
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw origin.fault("\(label) does not belong to the key of \(settings.key?.origin.field ?? keyOrigin.field): \(error)")
        }
        return configuration
    }

    private func privateKey(
        _ bytes: [UInt8], _ origin: FieldOrigin, _ label: String
    ) throws(ConnectionError) -> NIOSSLPrivateKey {
        // RFC 7468, section 11, and RFC 1421, 4.6.1.1.
        let text = String(decoding: bytes, as: UTF8.self)
        if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
            throw origin.fault(
                "\(label) is locked with a passphrase, which nobody is there to be asked for: `openssl pkey -in KEY -out NEW` writes it without one; let root alone read that file")
        }
        do { return try NIOSSLPrivateKey(bytes: bytes, format: .pem) } catch {
            throw origin.fault("\(label) holds no private key in PEM that can be read")
        }
    }

    private func certificates(
        _ bytes: [UInt8], _ origin: FieldOrigin, _ label: String
    ) throws(ConnectionError) -> [NIOSSLCertificate] {
        let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes)
        guard let certificates, !certificates.isEmpty else {
            throw origin.fault("\(label) holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")
        }
        return certificates
    }

    private func checkTime(
        _ certificate: NIOSSLCertificate, _ origin: FieldOrigin, _ label: String, _ now: Int64
    ) throws(ConnectionError) {
        if Int64(certificate.notValidAfter) < now {
            throw origin.fault("\(label) expired at \(Timestamp(seconds: Int64(certificate.notValidAfter))): renew it")
        }
        if Int64(certificate.notValidBefore) > now {
            throw origin.fault(
                "\(label) is valid only from \(Timestamp(seconds: Int64(certificate.notValidBefore))): is this node's clock right?")
        }
    }
}
