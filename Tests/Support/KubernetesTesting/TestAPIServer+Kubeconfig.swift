internal import FoundationEssentials

extension TestAPIServer {
    /// What a kubeconfig has as credentials.
    package enum Credentials: Sendable, Hashable {
        case none
        case clientCertificate
        case token(String)
    }

    /// With the authority in it.
    package func kubeconfig(_ credentials: Credentials = .clientCertificate, server: String? = nil) -> String {
        func data(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
        var cluster = "    server: \(server ?? url)\n"
        if let authority { cluster += "    certificate-authority-data: \(data(authority.certificatePEM))\n" }
        var user = "  user: {}\n"
        switch credentials {
        case .none: break
        case .token(let token): user = "  user:\n    token: \(token)\n"
        case .clientCertificate:
            if let authority {
                user = """
                      user:
                        client-certificate-data: \(data(authority.clientCertificatePEM))
                        client-key-data: \(data(authority.clientKeyPEM))

                    """
            }
        }
        return """
            apiVersion: v1
            kind: Config
            clusters:
            - name: test
              cluster:
            \(cluster)users:
            - name: test
            \(user)contexts:
            - name: test
              context:
                cluster: test
                user: test
            current-context: test

            """
    }

    /// Writes `ca.crt`, `client.crt`, `client.key` and `kubeconfig` into a folder, which is made.
    package func writeFiles(into folder: String, credentials: Credentials = .clientCertificate, server: String? = nil) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var files = [("kubeconfig", kubeconfig(credentials, server: server))]
        if let authority {
            files += [
                ("ca.crt", authority.certificatePEM), ("client.crt", authority.clientCertificatePEM),
                ("client.key", authority.clientKeyPEM),
            ]
        }
        for (name, text) in files {
            try Data(text.utf8).write(to: URL(filePath: folder).appending(path: name), options: .atomic)
        }
    }
}
