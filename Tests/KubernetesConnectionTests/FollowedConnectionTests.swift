import FoundationEssentials
import Glibc
import KubernetesWire
import LogTesting
import NIOHTTP1
import NIOSSL
import Testing

@testable import KubernetesConnection

/// A kubeconfig that changes while a client uses it.
@Suite struct FollowedConnectionTests {
    private struct Run {
        let folder: TemporaryFolder
        let server: ScriptedServer
        let log: RecordedLog
        let client: APIClient
        let followed: FollowedConnection

        /// What would stand in a file with this user.
        func config(_ user: String, server url: String? = nil, cluster: String = "certificate-authority: ca.crt") -> TestKubeconfig {
            TestKubeconfig(server: url ?? "https://127.0.0.1:\(server.port)", cluster: cluster, user: user)
        }

        var path: String { folder("kubeconfig") }
        var tokens: [String] { server.requests.compactMap { $0.headers.first(name: "authorization") } }
    }

    private func run(
        user: String, clientAuthority: String? = nil, kubeconfig name: String = "kubeconfig",
        prepare: (TemporaryFolder) throws -> Void = { _ in },
        _ script: @escaping @Sendable (TemporaryFolder, ReceivedRequest) -> ScriptedAnswer = { _, _ in .json(emptyServices) },
        _ body: @escaping @Sendable (Run) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server")
        try prepare(folder)
        try await ScriptedServer.run(tls: folder.serverTLS(clientAuthority: clientAuthority), { script(folder, $0) }) { server in
            let config = TestKubeconfig(
                server: "https://127.0.0.1:\(server.port)", cluster: "certificate-authority: \(folder("ca.crt"))", user: user)
            try folder.write(config.text, to: name)
            if name != "kubeconfig" {
                // As a ConfigMap is mounted: kubeconfig -> ..data/kubeconfig, ..data -> a folder.
                try FileManager.default.createSymbolicLink(atPath: folder("..data"), withDestinationPath: folder("one"))
                try FileManager.default.createSymbolicLink(atPath: folder("kubeconfig"), withDestinationPath: "..data/kubeconfig")
            }
            let log = RecordedLog()
            let followed = try FollowedConnection(kubeconfig: folder("kubeconfig"), environment: [:])
            let client = try APIClient(
                following: followed, options: APIClientOptions(requestsPerSecond: 0), logger: log.logger)
            do {
                try await body(Run(folder: folder, server: server, log: log, client: client, followed: followed))
                try await client.shutdown()
            } catch {
                try? await client.shutdown()
                throw error
            }
        }
    }

    @Test("A token that is replaced is shown from the next request on") func token() async throws {
        try await run(user: "token: one") { run in
            _ = try await run.client.list(services)
            _ = try await run.client.list(services)
            try run.folder.write(run.config("token: two").text, to: "kubeconfig")
            _ = try await run.client.list(services)
            _ = try await run.client.list(services)
            #expect(run.tokens == ["Bearer one", "Bearer one", "Bearer two", "Bearer two"])
            #expect(
                run.log.lines == [
                    "info: kubeconfig \(run.path), context node was read anew: requests that begin now are made with it"
                ])
            // Connections are used on: nothing of them changed.
            #expect(Set(run.server.requests.map(\.connection)) == [1])
        }
    }

    @Test("A folder that is swapped behind a symbolic link is seen") func symbolicLink() async throws {
        try await run(user: "token: one", kubeconfig: "one/kubeconfig") { run in
            _ = try await run.client.list(services)
            let next = run.config("token: two", cluster: "certificate-authority: \(run.folder("ca.crt"))")
            try run.folder.write(next.text, to: "two/kubeconfig")
            try FileManager.default.createSymbolicLink(atPath: run.folder("..new"), withDestinationPath: run.folder("two"))
            // SAFETY: the C strings live for the call.
            let status = unsafe rename(run.folder("..new"), run.folder("..data"))
            #expect(status == 0)
            _ = try await run.client.list(services)
            #expect(run.tokens == ["Bearer one", "Bearer two"])
        }
    }

    @Test("A file that cannot be used is one warning, and what was read before is used on", arguments: [
        ("a: [", "not YAML: "), ("", "holds no configuration: "), ("{kind: Pod}", "kind: Unsupported value"),
        (nil, "cannot be read: No such file or directory"),
    ] as [(String?, String)])
    func broken(_ text: String?, _ says: String) async throws {
        try await run(user: "token: one") { run in
            if let text { try run.folder.write(text, to: "kubeconfig") } else { try run.folder.remove("kubeconfig") }
            for _ in 0..<3 { _ = try await run.client.list(services) }
            #expect(run.log.lines.count == 1, "\(run.log.lines)")
            let line = try #require(run.log.lines.first)
            #expect(line.hasPrefix("warning: kubeconfig \(run.path): \(says)"), "\(line)")
            #expect(line.hasSuffix("; what was read of it before is used on"), "\(line)")

            try run.folder.write(run.config("token: two").text, to: "kubeconfig")
            _ = try await run.client.list(services)
            #expect(run.log.lines.count == 2 && run.log.lines[1].contains("was read anew"), "\(run.log.lines)")
            #expect(run.tokens == ["Bearer one", "Bearer one", "Bearer one", "Bearer two"])
        }
    }

    @Test("A file that names what is not there is told with the field, and taken once it is there") func missingFile() async throws {
        try await run(user: "token: one") { run in
            try run.folder.write(run.config("client-certificate: n.crt, client-key: n.key").text, to: "kubeconfig")
            for _ in 0..<2 { _ = try await run.client.list(services) }
            #expect(run.log.lines.count == 1, "\(run.log.lines)")
            #expect(
                run.log.lines[0].hasPrefix(
                    "warning: kubeconfig \(run.path): users[node].user.client-certificate: cannot read \(run.folder("n.crt")): No such file"),
                "\(run.log.lines)")
            try Authority(run.folder, "other").issue("n")
            _ = try await run.client.list(services)
            #expect(run.tokens == ["Bearer one", "Bearer one"])
            #expect(run.server.requests.count == 3)
        }
    }

    private static func user(_ folder: TemporaryFolder, _ certificate: String, key: String) throws -> String {
        func base64(_ name: String) throws -> String { Data(try folder.read(name).utf8).base64EncodedString() }
        return "client-certificate-data: \(try base64(certificate + ".crt")), client-key-data: \(try base64(key + ".key"))"
    }

    @Test("A certificate that stands in the file itself is replaced with it") func certificate() async throws {
        try await run(user: "client-certificate: node.crt, client-key: node.key", clientAuthority: "ca", prepare: { folder in
            let authority = Authority(existing: folder)
            try authority.issue("node")
            try authority.issue("renewed")
        }) { run in
            let first = try NIOSSLCertificate.fromPEMFile(run.folder("node.crt")).first
            let second = try NIOSSLCertificate.fromPEMFile(run.folder("renewed.crt")).first
            _ = try await run.client.list(services)
            try run.folder.write(run.config(Self.user(run.folder, "renewed", key: "node")).text, to: "kubeconfig")
            _ = try await run.client.list(services)
            #expect(run.log.lines.count == 1 && run.log.lines[0].contains("users[node].user.client-certificate-data"), "\(run.log.lines)")
            try run.folder.write(run.config(Self.user(run.folder, "renewed", key: "renewed")).text, to: "kubeconfig")
            _ = try await run.client.list(services)
            #expect(run.server.requests.map(\.clientCertificate) == [first, first, second])
        }
    }

    struct Fixed: Sendable, CustomTestStringConvertible {
        var server: String?
        var cluster = "certificate-authority: ca.crt"
        var says: String
        var testDescription: String { says }
    }

    @Test("What waits for a restart is told, and nothing of the file is used before", arguments: [
        Fixed(server: "https://127.0.0.1:1", says: "server is now https://127.0.0.1:1, was https://127.0.0.1:PORT"),
        Fixed(
            cluster: "certificate-authority: ca.crt, tls-server-name: kubernetes",
            says: "tls-server-name is now kubernetes, was not set"),
        Fixed(
            cluster: "certificate-authority: ca.crt, tls-server-name: a, proxy-url: 'http://u:secret@proxy:3128'",
            says: "proxy-url is now http://proxy:3128, was not set"),
        Fixed(cluster: "insecure-skip-tls-verify: true", says: "insecure-skip-tls-verify is now true, was false"),
    ])
    func fixed(_ fixed: Fixed) async throws {
        try await run(user: "token: one") { run in
            try run.folder.write(run.config("token: two", server: fixed.server, cluster: fixed.cluster).text, to: "kubeconfig")
            for _ in 0..<2 { _ = try await run.client.list(services) }
            let says = fixed.says.replacing("PORT", with: "\(run.server.port)")
            #expect(
                run.log.lines == [
                    "warning: kubeconfig \(run.path), context node: \(says): takes effect with a restart; until then nothing of the changed file is used"
                ])
            #expect(run.tokens == ["Bearer one", "Bearer one"])
            try run.folder.write(run.config("token: three").text, to: "kubeconfig")
            _ = try await run.client.list(services)
            #expect(run.tokens.last == "Bearer three")
        }
    }

    @Test("A token that was replaced while a request was under way is tried after a 401") func refused() async throws {
        try await run(user: "token: one", { folder, request in
            guard request.headers.first(name: "authorization") == "Bearer one" else { return .json(emptyServices) }
            let text = try? folder.read("kubeconfig").replacing("token: one", with: "token: two")
            _ = try? folder.write(text ?? "", to: "kubeconfig")
            return .refusal(401, "Unauthorized")
        }) { run in
            _ = try await run.client.list(services)
            #expect(run.tokens == ["Bearer one", "Bearer two"])
        }
    }

    @Test("Clients that share a connection tell a change once") func shared() async throws {
        try await run(user: "token: one") { run in
            let other = try APIClient(
                following: run.followed, options: APIClientOptions(requestsPerSecond: 0), logger: run.log.logger)
            try run.folder.write("a: [", to: "kubeconfig")
            _ = try await run.client.list(services)
            _ = try await other.list(services)
            run.followed.refresh(run.log.logger)
            #expect(run.log.lines.count == 1, "\(run.log.lines)")
            try await other.shutdown()
        }
    }
}
