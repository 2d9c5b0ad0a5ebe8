import KubernetesClient
import KubernetesModel
import KubernetesWire
import NIOCore
import NIOSSL
import Synchronization
import Testing

@testable import KubernetesConnection

/// A server, or what is before it, that goes on holding connections over which nothing comes any more.
@Suite struct SilentConnectionTests {
    private static let lease = ObjectKey(namespace: "kube-system", name: "fairway-controller")
    private static let leaseText =
        #"{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"fairway-controller","namespace":"kube-system"},"spec":{"holderIdentity":"me"}}"#
    private static let namespaces = WatchRequest(resource: APIResource(.namespace), start: .after("7"), timeoutSeconds: 300)

    /// Runs with a server that speaks on its first connection as long as `speaks` says, and on later ones always.
    private func run(
        speaksHTTP2: Bool, _ options: APIClientOptions = Self.options, until path: String,
        _ body: @escaping @Sendable (APIClient, ScriptedServer) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server")
        let isSilent = Mutex(false)
        try await ScriptedServer.run(tls: folder.serverTLS(speaksHTTP2: speaksHTTP2)) { request in
            let hangs = isSilent.withLock { isSilent in
                if request.path.hasSuffix(path) { isSilent = true }
                return isSilent && request.connection == 1
            }
            if hangs { return ScriptedAnswer(end: .silence) }
            return .json(request.path.contains("leases") ? Self.leaseText : emptyServices)
        } _: { server in
            let connection = try TestKubeconfig(
                server: "https://localhost:\(server.port)", cluster: "certificate-authority: ca.crt"
            ).connection(in: folder)
            try await withClient(connection, options) { try await body($0, server) }
        }
    }

    private static let options = APIClientOptions(requestsPerSecond: 0, requestTimeout: .seconds(4))

    /// Two limits have the same length: that of an answer, and that of a connection on which nothing comes.
    private static func expectSilence(_ text: String, _ port: Int) {
        let ends = ["no answer within 4 s", "nothing more came, the connection is given up"]
        #expect(ends.contains { text == "https://localhost:\(port): \($0)" }, "\(text)")
    }

    @Test("After a request that timed out, those that come later go over a new connection", arguments: [true, false])
    func timedOut(_ speaksHTTP2: Bool) async throws {
        try await run(speaksHTTP2: speaksHTTP2, until: "nodes") { client, server in
            _ = try await client.list(services)
            _ = try await client.list(services)
            let text = await failure { try await client.list(ListRequest(resource: APIResource(.node))) }
            Self.expectSilence(text, server.port)
            _ = try await client.list(services)
            _ = try await client.list(services)
            #expect(server.requests.map(\.connection) == [1, 1, 1, 2, 2])
            #expect(client.statistics.connectionsLeft == 1)
        }
    }

    @Test("A write over a connection that is gone fails in time with one line, and the next one reaches the server")
    func lease() async throws {
        try await run(speaksHTTP2: true, until: "leases/fairway-controller") { client, server in
            _ = try await client.list(services)
            let text = await failure { try await client.patch(Lease.self, .leases, Self.lease, mergePatch: Array("{}".utf8)) }
            Self.expectSilence(text, server.port)
            _ = try await client.patch(Lease.self, .leases, Self.lease, mergePatch: Array("{}".utf8))
            #expect(server.requests.map(\.connection) == [1, 1, 2])
        }
    }

    @Test("Requests that time out together take one new connection together") func together() async throws {
        try await run(speaksHTTP2: true, until: "nodes") { client, server in
            _ = try await client.list(services)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        let text = await failure { try await client.list(ListRequest(resource: APIResource(.node))) }
                        Self.expectSilence(text, server.port)
                    }
                }
            }
            let first = server.requests.count
            _ = try await client.list(services)
            #expect(server.requests.dropFirst(first).map(\.connection) == [2])
        }
    }

    @Test("Whoever gives up after waiting long begins again on a new connection, whoever was quick on the same")
    func givenUp() async throws {
        let connection = try ClusterConnection(kubeconfig: "", master: "https://127.0.0.1:1")
        try await withClient(connection, APIClientOptions(requestTimeout: .seconds(60))) { client in
            let begin = NIODeadline.now()
            client.doubt(isWatch: false, since: begin, until: begin + .seconds(4), CancellationError())
            #expect(client.requestGeneration.number == 0)
            client.doubt(isWatch: false, since: begin, until: begin + .seconds(5), CancellationError())
            #expect(client.requestGeneration.number == 1)
            // Who waited at the same time was on the connections that were left already.
            client.doubt(isWatch: false, since: begin, until: begin + .seconds(60), ConnectionError(.timedOut, ""))
            #expect(client.requestGeneration.number == 1)
            #expect(client.watchGeneration.number == 0)
            #expect(client.statistics.connectionsLeft == 1)
        }
    }

    @Test("Configurations of one generation are equal, and nothing but the farewell differs in the next") func configuration() {
        let (generation, plain) = (ConnectionGeneration(), TLSConfiguration.makeClientConfiguration())
        let (first, again) = (generation.configuration(plain), generation.configuration(plain))
        #expect(first.bestEffortEquals(again))
        #expect(generation.end(silentSince: .now()))
        var next = generation.configuration(plain)
        #expect(!first.bestEffortEquals(next))
        #expect(next.shutdownTimeout == .seconds(5) + .nanoseconds(1))
        next.shutdownTimeout = first.shutdownTimeout
        #expect(first.bestEffortEquals(next))
        for _ in 1..<ConnectionGeneration.limit { #expect(generation.end(silentSince: .now())) }
        #expect(first.bestEffortEquals(generation.configuration(plain)))
    }

    @Test("After a watch that was silent for too long the next goes over a new connection")
    func silentWatch() async throws {
        let options = APIClientOptions(requestsPerSecond: 0, requestTimeout: .seconds(30), watchSilenceLimit: .seconds(2))
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server")
        try await ScriptedServer.run(tls: folder.serverTLS(speaksHTTP2: true)) { request in
            request.connection == 1 ? ScriptedAnswer(end: .stall) : ScriptedAnswer()
        } _: { server in
            let connection = try TestKubeconfig(
                server: "https://localhost:\(server.port)", cluster: "certificate-authority: ca.crt"
            ).connection(in: folder)
            try await withClient(connection, options) { client in
                let text = await failure { for try await _ in try await client.watch(Self.namespaces) {} }
                #expect(text.hasSuffix("namespaces: neither event nor bookmark in 2 s"), "\(text)")
                for try await _ in try await client.watch(Self.namespaces) {}
                #expect(server.requests.map(\.connection) == [1, 2])
                #expect(client.requestGeneration.number == 0)
            }
        }
    }
}
