import KubernetesWire
import NIOHTTP1
import NIOSSL
import Synchronization
import Testing

@testable import KubernetesConnection

@Suite struct TLSTests {
    private func run(
        _ folder: TemporaryFolder, certificate: String = "server", clientAuthority: String? = nil,
        host: String = "127.0.0.1", cluster: String = "certificate-authority: ca.crt", user: String = "token: abc",
        speaksHTTP2: Bool = false,
        _ script: @escaping ScriptedServer.Script = { _ in .json(emptyServices) },
        _ body: @escaping @Sendable (APIClient, ScriptedServer) async throws -> Void
    ) async throws {
        let tls = try folder.serverTLS(certificate, clientAuthority: clientAuthority, speaksHTTP2: speaksHTTP2)
        try await ScriptedServer.run(tls: tls, script) { server in
            let connection = try TestKubeconfig(
                server: "https://\(host):\(server.port)", cluster: cluster, user: user
            ).connection(in: folder)
            try await withClient(connection) { try await body($0, server) }
        }
    }

    @Test("A server whose certificate its authority signed is trusted, by name and by address", arguments: ["localhost", "127.0.0.1"])
    func trusted(_ host: String) async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server")
        try await run(folder, host: host) { client, server in
            let list = try await client.list(services)
            #expect(list.resourceVersion == "7")
            #expect(server.requests.first?.headers.first(name: "authorization") == "Bearer abc")
        }
    }

    @Test("A server of another authority is not trusted, and the field that names the authority is told")
    func unknownAuthority() async throws {
        let folder = try TemporaryFolder()
        _ = try Authority(folder)
        try Authority(folder, "other").issue("server")
        try await run(folder) { client, server in
            let text = await failure { try await client.list(services) }
            #expect(
                text
                    == "https://127.0.0.1:\(server.port): the server's certificate (localhost, 127.0.0.1) was not signed by an authority that is trusted: kubeconfig \(folder("kubeconfig")): clusters[cluster].cluster.certificate-authority must hold its authority"
            )
            #expect(server.requests.isEmpty)
        }
    }

    @Test("A certificate of another name is not trusted, and its names are told") func wrongName() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server", names: "DNS:kubernetes,DNS:kubernetes.default")
        try await run(folder, host: "localhost") { client, server in
            let text = await failure { try await client.list(services) }
            #expect(
                text.hasPrefix(
                    "https://localhost:\(server.port): the server's certificate is not of localhost, which is of kubernetes, kubernetes.default: "
                ), "\(text)")
            #expect(server.requests.isEmpty)
        }
    }

    @Test("tls-server-name is the name looked for, and the server is asked by its own") func serverName() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server", names: "DNS:kubernetes")
        try await run(folder, cluster: "certificate-authority: ca.crt, tls-server-name: kubernetes") { client, server in
            _ = try await client.list(services)
            #expect(server.requests.first?.headers["host"] == ["127.0.0.1:\(server.port)"])
        }
    }

    struct Named: Sendable, CustomTestStringConvertible {
        var names: String
        var host = "127.0.0.1"
        var serverName = ""
        var speaksHTTP2 = false
        var isTrusted = false
        var testDescription: String { "\(names) for \(serverName.isEmpty ? host : serverName)\(speaksHTTP2 ? ", HTTP/2" : "")" }
    }

    @Test(
        "Only the name looked for counts, and not the address behind it",
        arguments: [
            Named(names: "DNS:kubernetes,IP:127.0.0.1", serverName: "kubernetes", isTrusted: true),
            Named(names: "DNS:kubernetes,IP:127.0.0.1", serverName: "kubernetes", speaksHTTP2: true, isTrusted: true),
            Named(names: "DNS:*.example,IP:127.0.0.1", serverName: "api.example", isTrusted: true),
            Named(names: "DNS:localhost", host: "localhost", speaksHTTP2: true, isTrusted: true),
            Named(names: "DNS:elsewhere,IP:127.0.0.1", isTrusted: true),
            Named(names: "DNS:elsewhere,IP:127.0.0.1", serverName: "kubernetes"),
            Named(names: "DNS:elsewhere,IP:127.0.0.1", serverName: "kubernetes", speaksHTTP2: true),
            Named(names: "IP:127.0.0.1", serverName: "server"),
            Named(names: "DNS:elsewhere,IP:127.0.0.1,IP:::1", host: "localhost"),
        ]) func strictName(_ named: Named) async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server", names: named.names)
        let cluster = "certificate-authority: ca.crt" + (named.serverName.isEmpty ? "" : ", tls-server-name: \(named.serverName)")
        try await run(folder, host: named.host, cluster: cluster, speaksHTTP2: named.speaksHTTP2) { client, server in
            let text = await failure { try await client.list(services) }
            let expected = named.serverName.isEmpty ? named.host : named.serverName
            let isTold = text.hasPrefix(
                "https://\(named.host):\(server.port): the server's certificate is not of \(expected), which is of ")
            #expect(isTold != named.isTrusted, "\(text)")
            #expect(text.hasPrefix("no error") == named.isTrusted, "\(text)")
            // Nothing was asked, and no token shown, where the name does not match; the next attempt ends in the same way.
            #expect(server.requests.count == (named.isTrusted ? 1 : 0))
            let again = await failure { try await client.list(services) }
            #expect(again.hasPrefix("no error") == named.isTrusted, "\(again)")
        }
    }

    @Test("With insecure-skip-tls-verify a name is no reason to refuse") func insecureName() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server", names: "DNS:elsewhere,IP:127.0.0.1")
        try await run(folder, cluster: "insecure-skip-tls-verify: true, tls-server-name: kubernetes", speaksHTTP2: true) { client, _ in
            _ = try await client.list(services)
        }
    }

    @Test(
        "A pattern of a certificate stands for one label, the leftmost",
        arguments: [
            ("kubernetes", "kubernetes", true), ("Kubernetes.", "kubernetes", true), ("kubernetes", "KUBERNETES", true),
            ("a.example", "*.example", true), ("a.b.example", "*.example", false), ("example", "*.example", false),
            ("a.example", "a.*", false), ("ab.example", "a*.example", false), ("a", "*", false), ("", "", false),
            (".example", "*.example", false), ("a.example", "", false), ("kubernetes", "kubernetes.default", false),
        ] as [(String, String, Bool)]) func pattern(_ name: String, _ pattern: String, _ matches: Bool) {
        #expect(dnsName(name, isOf: pattern) == matches)
    }

    @Test("An expired certificate is told with its time") func expired() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server", days: -1)
        try await run(folder) { client, server in
            let text = await failure { try await client.list(services) }
            #expect(
                text.hasPrefix("https://127.0.0.1:\(server.port): the server's certificate expired at 20"), "\(text)")
        }
    }

    @Test("With insecure-skip-tls-verify anything is trusted, with a warning") func insecure() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server", names: "DNS:elsewhere", days: -1)
        try await run(folder, cluster: "insecure-skip-tls-verify: true") { client, _ in
            _ = try await client.list(services)
            #expect(client.connection.warnings.count == 1)
        }
    }

    @Test("A client certificate is shown, and the one that replaced it on new connections") func clientCertificate() async throws {
        let folder = try TemporaryFolder()
        let authority = try Authority(folder)
        try authority.issue("server")
        try authority.issue("node")
        try authority.issue("renewed")
        let first = try NIOSSLCertificate.fromPEMFile(folder("node.crt")).first
        let second = try NIOSSLCertificate.fromPEMFile(folder("renewed.crt")).first
        try await run(
            folder, clientAuthority: "ca", user: "client-certificate: node.crt, client-key: node.key"
        ) { client, server in
            _ = try await client.list(services)
            _ = try await client.list(services)
            // Half written: the certificate does not match the key, the one before is used on.
            try folder.write(try folder.read("renewed.crt"), to: "node.crt")
            _ = try await client.list(services)
            try folder.write(try folder.read("renewed.key"), to: "node.key")
            _ = try await client.list(services)
            #expect(server.requests.map(\.clientCertificate) == [first, first, first, second])
            #expect(server.requests.map(\.connection) == [1, 1, 1, 2])
        }
    }

    @Test("An authority that is replaced is trusted on new connections") func authorityReplaced() async throws {
        let folder = try TemporaryFolder()
        _ = try Authority(folder)
        let other = try Authority(folder, "other")
        try other.issue("server")
        try await run(folder) { client, server in
            _ = await failure { try await client.list(services) }
            try folder.write(try folder.read("other.crt"), to: "ca.crt")
            _ = try await client.list(services)
            #expect(server.requests.count == 1)
        }
    }

    @Test("A server that wants a client certificate says so") func certificateRequired() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server")
        try await run(folder, clientAuthority: "ca") { client, server in
            let text = await failure { try await client.list(services) }
            #expect(text.hasPrefix("https://127.0.0.1:\(server.port): "), "\(text)")
            #expect(text.contains("CERTIFICATE_REQUIRED"), "\(text)")
        }
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        var name: String
        var user = "client-certificate: node.crt, client-key: node.key"
        var cluster = "certificate-authority: ca.crt"
        var says: String
        var testDescription: String { name }
    }

    @Test(
        "Certificates and keys that cannot be used are told before anything is connected",
        arguments: [
            Fault(
                name: "no CA", cluster: "certificate-authority: none.crt",
                says: "clusters[cluster].cluster.certificate-authority: cannot read FOLDER/none.crt: No such file or directory"),
            Fault(
                name: "CA that is a key", cluster: "certificate-authority: node.key",
                says: "clusters[cluster].cluster.certificate-authority: FOLDER/node.key holds no certificate in PEM"),
            Fault(
                name: "no certificate", user: "client-certificate: none.crt, client-key: node.key",
                says: "users[node].user.client-certificate: cannot read FOLDER/none.crt: No such file or directory"),
            Fault(
                name: "key that is a certificate", user: "client-certificate: node.crt, client-key: node.crt",
                says: "users[node].user.client-key: FOLDER/node.crt holds no private key in PEM"),
            Fault(
                name: "key with a passphrase", user: "client-certificate: node.crt, client-key: locked.key",
                says: "users[node].user.client-key: FOLDER/locked.key is locked with a passphrase, which nobody is there to be asked for: `openssl pkey -in KEY -out NEW` writes it without one"),
            Fault(
                name: "key with a passphrase, as it was written before", user: "client-certificate: node.crt, client-key: old-locked.key",
                says: "users[node].user.client-key: FOLDER/old-locked.key is locked with a passphrase"),
            Fault(
                name: "key of another certificate", user: "client-certificate: node.crt, client-key: ca.key",
                says: "users[node].user.client-certificate: FOLDER/node.crt does not belong to the key of users[node].user.client-key"),
            Fault(
                name: "expired certificate", user: "client-certificate: old.crt, client-key: old.key",
                says: "users[node].user.client-certificate: FOLDER/old.crt expired at 20"),
        ]) func faults(_ fault: Fault) throws {
        let folder = try TemporaryFolder()
        let authority = try Authority(folder)
        try authority.issue("node")
        try authority.issue("old", days: -1)
        try authority.lock("node", as: "locked")
        try authority.lock("node", as: "old-locked", isTraditional: true)
        let connection = try TestKubeconfig(cluster: fault.cluster, user: fault.user).connection(in: folder)
        let text = failure { try APIClient(connection: connection, logger: quiet) }
        let expected = "kubeconfig \(folder("kubeconfig")): \(fault.says.replacing("FOLDER", with: folder.path))"
        #expect(text.hasPrefix(expected), "\(text)")
    }

    @Test("A server without TLS, and one that breaks off, are told apart") func noTLS() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server")
        try await ScriptedServer.run { _ in .json(emptyServices) } _: { server in
            let connection = try TestKubeconfig(
                server: "https://127.0.0.1:\(server.port)", cluster: "certificate-authority: ca.crt"
            ).connection(in: folder)
            try await withClient(connection) { client in
                let text = await failure { try await client.list(services) }
                #expect(text.hasPrefix("https://127.0.0.1:\(server.port): the TLS handshake failed: what answers there speaks no TLS"), "\(text)")
            }
        }
        try await run(folder, { _ in ScriptedAnswer(chunks: [Array(emptyServices.utf8.prefix(9))], end: .abort) }) { client, server in
            let text = await failure { try await client.list(services) }
            #expect(text == "https://127.0.0.1:\(server.port): the connection broke in the middle of an answer")
        }
    }

    @Test("The way leads through the proxy of proxy-url, with its password") func proxy() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server", names: "DNS:api.example")
        try await ScriptedServer.run(tls: folder.serverTLS()) { _ in .json(emptyServices) } _: { server in
            try await ConnectProxy.run { proxy in
                let connection = try TestKubeconfig(
                    server: "https://api.example:\(server.port)",
                    cluster: "certificate-authority: ca.crt, proxy-url: 'http://user:secret@127.0.0.1:\(proxy.port)'"
                ).connection(in: folder)
                try await withClient(connection) { _ = try await $0.list(services) }
                #expect(proxy.heads.count == 1)
                #expect(proxy.heads[0].hasPrefix("CONNECT api.example:\(server.port) HTTP/1.1\r\n"))
                #expect(proxy.heads[0].lowercased().contains("proxy-authorization: basic dxnlcjpzzwnyzxq="))
                #expect(server.requests.count == 1)
            }
        }
    }
}
