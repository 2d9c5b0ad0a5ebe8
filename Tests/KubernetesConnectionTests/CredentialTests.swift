import KubernetesClient
import KubernetesModel
import KubernetesWire
import LogTesting
import NIOHTTP1
import Synchronization
import Testing

@testable import KubernetesConnection

/// Tokens of files and of plugins, as they rotate, vanish or are refused.
@Suite struct CredentialTests {
    @Test("A token file is read again as it rotates, and again when the server refused what it held") func tokenFile() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server")
        try folder.write("one\n", to: "token")
        try await ScriptedServer.run(tls: folder.serverTLS()) { request in
            // The token rotates while a request with the old one is on its way.
            if request.headers.first(name: "authorization") == "Bearer two" { _ = try? folder.write("three", to: "token") }
            return request.headers.first(name: "authorization") == "Bearer two" ? .refusal(401, "Unauthorized") : .json(emptyServices)
        } _: { server in
            let connection = try TestKubeconfig(
                server: "https://127.0.0.1:\(server.port)", cluster: "certificate-authority: ca.crt", user: "tokenFile: token"
            ).connection(in: folder)
            try await withClient(connection) { client in
                _ = try await client.list(services)
                try folder.write("two\n", to: "token")
                _ = try await client.list(services)
            }
            let used = server.requests.compactMap { $0.headers.first(name: "authorization") }
            #expect(used == ["Bearer one", "Bearer two", "Bearer three"])
        }
    }

    @Test("A token whose file vanishes is used on, and why is told once; so is a file with nonsense, and the next token is taken")
    func vanishedTokenFile() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server")
        try folder.write("one\n", to: "token")
        let lines = RecordedLog()
        try await ScriptedServer.run(tls: folder.serverTLS()) { _ in .json(emptyServices) } _: { server in
            let connection = try TestKubeconfig(
                server: "https://127.0.0.1:\(server.port)", cluster: "certificate-authority: ca.crt", user: "tokenFile: token"
            ).connection(in: folder)
            try await withClient(connection, logger: lines.logger) { client in
                _ = try await client.list(services)
                try folder.remove("token")
                for _ in 0..<3 { _ = try await client.list(services) }
                try folder.write("two words", to: "token")
                _ = try await client.list(services)
                try folder.write("two", to: "token")
                _ = try await client.list(services)
            }
            let used = server.requests.compactMap { $0.headers.first(name: "authorization") }
            #expect(used == Array(repeating: "Bearer one", count: 5) + ["Bearer two"])
        }
        let field = "kubeconfig \(folder("kubeconfig")): users[node].user.tokenFile"
        #expect(
            lines.warnings == [
                "\(field): cannot read \(folder("token")): No such file or directory; the token before is used on",
                "\(field): the token has characters that a header cannot carry: it is one word of printable ASCII; the token before is used on",
            ])
    }

    @Test("A token file that is not there at the start, or holds no token, is an error with file and field")
    func tokenFileAtStart() throws {
        let folder = try TemporaryFolder()
        let kubeconfig = TestKubeconfig(user: "tokenFile: token")
        let field = "kubeconfig \(folder("kubeconfig")): users[node].user.tokenFile"
        let missing = failure { try kubeconfig.connection(in: folder) }
        #expect(missing == "\(field): cannot read \(folder("token")): No such file or directory")
        try folder.write("\n", to: "token")
        let empty = failure { try kubeconfig.connection(in: folder) }
        #expect(empty == "\(field): the token is empty")
        try folder.write("t\n", to: "token")
        _ = try kubeconfig.connection(in: folder)
        // Over plain HTTP no token is sent, and none is read.
        try folder.remove("token")
        let plain = try TestKubeconfig(server: "http://localhost:8080", user: "tokenFile: token").connection(in: folder)
        #expect(plain.warnings.count == 1)
    }

    @Test("A plugin is run again after a 401, once") func execRefused() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server")
        _ = try folder.script(
            """
            echo run >> \(folder("runs"))
            echo "{\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"t$(wc -l < \(folder("runs")))\\"}}"
            """)
        try await ScriptedServer.run(tls: folder.serverTLS()) { request in
            request.headers.first(name: "authorization") == "Bearer t2" && !request.path.hasSuffix("nodes")
                ? .json(emptyServices) : .refusal(401, "Unauthorized")
        } _: { server in
            let connection = try TestKubeconfig(
                server: "https://127.0.0.1:\(server.port)", cluster: "certificate-authority: ca.crt",
                user: "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, interactiveMode: Never}"
            ).connection(in: folder)
            try await withClient(connection) { client in
                _ = try await client.list(services)
                _ = try await client.list(services)
                let error = await #expect(throws: APIStatus.self) {
                    try await client.list(ListRequest(resource: APIResource(.node)))
                }
                #expect(error?.code == 401)
            }
            let used = server.requests.compactMap { $0.headers.first(name: "authorization") }
            #expect(used == ["Bearer t1", "Bearer t2", "Bearer t2", "Bearer t2", "Bearer t3"])
        }
    }
}
