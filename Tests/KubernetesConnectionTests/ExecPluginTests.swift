import FoundationEssentials
import LinuxSystem
import Synchronization
import Testing

@testable import KubernetesConnection

@Suite struct ExecPluginTests {
    static let v1 = "client.authentication.k8s.io/v1"

    static func answer(_ status: String) -> String {
        #"{"apiVersion":"\#(v1)","kind":"ExecCredential","status":{\#(status)}}"#
    }

    private func plugin(_ command: String, _ folder: TemporaryFolder, more: String = "", cluster: String = "") throws -> ExecPlugin {
        let user = "exec: {apiVersion: \(Self.v1), command: \"\(command)\", interactiveMode: Never\(more)}"
        let connection = try TestKubeconfig(cluster: cluster, user: user).connection(in: folder)
        guard case .exec(let plugin) = connection.credentials else { throw Authority.Failure(output: "no plugin") }
        return plugin
    }

    @Test("A plugin gets arguments, environment and the cluster, and its token is used") func request() throws {
        let folder = try TemporaryFolder()
        _ = try folder.script(
            """
            echo "$1 $2 $COLOUR" > \(folder("arguments"))
            echo "$KUBERNETES_EXEC_INFO" > \(folder("info"))
            echo '\(Self.answer(#""token":"abc""#))'
            """)
        let plugin = try plugin(
            "./plugin", folder, more: ", args: [one, 'two words'], env: [{name: COLOUR, value: red=green}], provideClusterInfo: true",
            cluster: "tls-server-name: kubernetes, extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: x, n: 1, quoted: '1'}}]")
        let credential = try plugin.run()
        #expect(credential.credentials.authorization == "Bearer abc")
        #expect(credential.expiry == nil)
        #expect(try folder.read("arguments") == "one two words red=green\n")
        let info = try JSONDecoder().decode(Info.self, from: Data(folder.read("info").utf8))
        let expected = Info(
            apiVersion: Self.v1, kind: "ExecCredential",
            spec: .init(
                interactive: false,
                cluster: .init(
                    server: "https://localhost:6443", name: "kubernetes",
                    config: .init(audience: "x", n: 1, quoted: "1"))))
        #expect(info == expected)
    }

    struct Info: Decodable, Equatable {
        struct Config: Decodable, Equatable {
            var audience: String
            var n: Int
            var quoted: String
        }
        struct Cluster: Decodable, Equatable {
            var server: String
            var name: String
            var config: Config
            enum CodingKeys: String, CodingKey { case server, name = "tls-server-name", config }
        }
        struct Spec: Decodable, Equatable {
            var interactive: Bool
            var cluster: Cluster
        }
        var apiVersion: String
        var kind: String
        var spec: Spec
    }

    struct Failing: Sendable, CustomTestStringConvertible {
        var script: String
        var says: String
        var testDescription: String { says }
    }

    @Test(
        "A plugin that fails is told with what it wrote",
        arguments: [
            Failing(script: "echo 'log in first' >&2; echo again >&2; exit 3", says: "ended with exit status 3: log in first | again"),
            Failing(script: "exit 1", says: "ended with exit status 1, and wrote nothing to stderr"),
            Failing(script: "echo hello", says: "its answer is no JSON of an ExecCredential"),
            Failing(
                script: #"echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential"}'"#,
                says: "answered with client.authentication.k8s.io/v1beta1 ExecCredential, asked for client.authentication.k8s.io/v1 ExecCredential"),
            Failing(script: "echo '\(answer(""))'", says: "its answer has neither status.token nor status.clientCertificateData"),
            Failing(script: "echo '\(answer(#""clientCertificateData":"x""#))'", says: "its answer has one of clientCertificateData and clientKeyData"),
            Failing(
                script: "echo '\(answer(#""token":"secret","expirationTimestamp":"tomorrow""#))'",
                says: "status.expirationTimestamp: Invalid value: \"tomorrow\""),
        ]) func failing(_ row: Failing) throws {
        let folder = try TemporaryFolder()
        _ = try folder.script(row.script)
        let plugin = try plugin("./plugin", folder)
        let text = failure { try plugin.run() }
        let place = "kubeconfig \(folder("kubeconfig")): users[node].user.exec: plugin \(folder("./plugin")): "
        #expect(text.hasPrefix(place + row.says), "\(text)")
        #expect(!text.contains("secret"))
    }

    @Test("A program that is not there is told with how to get it") func missing() throws {
        let folder = try TemporaryFolder()
        let plugin = try plugin("no-such-plugin", folder, more: ", installHint: 'get it from example.com'")
        let text = failure { try plugin.run() }
        #expect(text.contains("plugin no-such-plugin: no program of this name in PATH ("), "\(text)")
        #expect(text.hasSuffix("; get it from example.com"), "\(text)")
    }

    @Test("A plugin that never answers is ended") func timeLimit() throws {
        let folder = try TemporaryFolder()
        _ = try folder.script("echo waiting >&2; exec sleep 600")
        let plugin = try plugin("./plugin", folder)
        let text = failure { try plugin.run(timeLimit: .seconds(1)) }
        #expect(text.contains("gave no answer in 1 s and was ended: waiting"), "\(text)")
    }

    @Test("Credentials are held until they expire or are refused, and asked for once by many") func cache() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.script(
            """
            echo run >> \(folder("runs"))
            echo "{\\"apiVersion\\":\\"\(Self.v1)\\",\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"t$(wc -l < \(folder("runs")))\\",\\"expirationTimestamp\\":\\"1970-01-01T00:01:40Z\\"}}"
            """)
        let now = WallClock()
        let cache = ExecCredentialCache(try plugin("./plugin", folder), now: { now.seconds.withLock { $0 } })
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 { group.addTask { try await cache.current().authorization } }
            var tokens: Set<String> = []
            for try await token in group { tokens.insert(token) }
            return tokens
        }
        #expect(tokens == ["Bearer t1"])
        now.seconds.withLock { $0 = 100 }
        let second = try await cache.current()
        #expect(second.authorization == "Bearer t2")
        now.seconds.withLock { $0 = 0 }
        cache.forget(RequestCredentials(authorization: "Bearer t1"))
        #expect(try await cache.current() == second)
        cache.forget(second)
        #expect(try await cache.current().authorization == "Bearer t3")
    }
}

final class WallClock: Sendable {
    let seconds = Mutex<Int64>(0)
}
