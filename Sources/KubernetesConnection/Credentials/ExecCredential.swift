internal import FoundationEssentials
internal import KubernetesModel

/// What a plugin is told, in the variable KUBERNETES_EXEC_INFO.
struct ExecCredentialRequest: Encodable {
    struct Cluster: Sendable, Hashable, Encodable {
        let server: String
        let serverName: String
        let skipsVerification: Bool
        /// Base64; empty: none.
        let authority: String
        let proxy: String
        /// Of the cluster's extension `client.authentication.k8s.io/exec`.
        let config: JSONValue?

        enum CodingKeys: String, CodingKey {
            case server
            case serverName = "tls-server-name"
            case skipsVerification = "insecure-skip-tls-verify"
            case authority = "certificate-authority-data"
            case proxy = "proxy-url"
            case config
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(server, forKey: .server)
            if !serverName.isEmpty { try container.encode(serverName, forKey: .serverName) }
            if skipsVerification { try container.encode(true, forKey: .skipsVerification) }
            if !authority.isEmpty { try container.encode(authority, forKey: .authority) }
            if !proxy.isEmpty { try container.encode(proxy, forKey: .proxy) }
            try container.encodeIfPresent(config, forKey: .config)
        }
    }

    struct Spec: Encodable {
        let interactive = false
        let cluster: Cluster?
    }

    let kind = "ExecCredential"
    let apiVersion: String
    let spec: Spec

    init(apiVersion: String, cluster: Cluster?) {
        self.apiVersion = apiVersion
        spec = Spec(cluster: cluster)
    }
}

/// What a plugin answered.
struct ExecCredential: Sendable, Hashable {
    let credentials: RequestCredentials
    /// Seconds since 1970; nil: until they are refused.
    let expiry: Int64?

    /// - Throws: ``ConnectionError`` that says what is missing, and shows nothing of the answer: it holds secrets.
    init(_ text: String, of plugin: ExecPlugin) throws(ConnectionError) {
        let answer: Answer
        do {
            answer = try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
        } catch {
            throw plugin.fault("its answer is no JSON of an ExecCredential")
        }
        guard answer.kind == "ExecCredential", answer.apiVersion == plugin.version.rawValue else {
            throw plugin.fault(
                "answered with \(answer.apiVersion ?? "no apiVersion") \(answer.kind ?? "and no kind"), asked for \(plugin.version.rawValue) ExecCredential")
        }
        guard let status = answer.status else { throw plugin.fault("its answer has no status") }
        var credentials = RequestCredentials()
        if let token = status.token, !token.isEmpty {
            let field = FieldOrigin(document: plugin.origin.description, field: "plugin \(plugin.command): status.token")
            credentials.authorization = "Bearer \(try checkedToken(token, origin: field))"
        }
        let (certificate, key) = (status.clientCertificateData ?? "", status.clientKeyData ?? "")
        guard certificate.isEmpty == key.isEmpty else {
            throw plugin.fault("its answer has one of clientCertificateData and clientKeyData: it must have both")
        }
        if !certificate.isEmpty {
            credentials.identity = .init(certificate: Array(certificate.utf8), key: Array(key.utf8))
        }
        guard credentials != RequestCredentials() else {
            throw plugin.fault("its answer has neither status.token nor status.clientCertificateData")
        }
        self.credentials = credentials
        guard let time = status.expirationTimestamp else {
            expiry = nil
            return
        }
        guard let timestamp = Timestamp(time) else {
            throw plugin.fault("status.expirationTimestamp: Invalid value: \"\(time)\": must be a time as RFC 3339 writes it")
        }
        expiry = timestamp.seconds
    }

    private struct Answer: Decodable {
        struct Status: Decodable {
            var expirationTimestamp: String?
            var token: String?
            var clientCertificateData: String?
            var clientKeyData: String?
        }

        var apiVersion: String?
        var kind: String?
        var status: Status?
    }
}
