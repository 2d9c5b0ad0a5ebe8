import FoundationEssentials
import KubernetesClient
import KubernetesModel
import KubernetesWire
import LogTesting
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import KubernetesConnection

@Suite struct RequestTests {
    private func run(
        user: String = "", options: APIClientOptions = APIClientOptions(requestsPerSecond: 0), clock: any Clock<Duration> = ContinuousClock(),
        path: String = "", _ script: @escaping ScriptedServer.Script,
        _ body: @escaping @Sendable (APIClient, ScriptedServer) async throws -> Void
    ) async throws {
        try await ScriptedServer.run(script) { server in
            let connection = try ClusterConnection(kubeconfig: "", master: "http://127.0.0.1:\(server.port)\(path)")
            try await withClient(connection, options, clock: clock) { try await body($0, server) }
        }
    }

    @Test("A list asks for what is wanted, encoded, below the server's path") func list() async throws {
        try await run(path: "/clusters/one") { request in
            request.path.hasSuffix("nodes") ? .json(emptyServices.replacing("Service", with: "Node")) : .json(emptyServices)
        } _: { client, server in
            _ = try await client.list(
                ListRequest(
                    resource: APIResource(.service),
                    selection: Selection(labels: "!a.b/c", fields: "spec.clusterIP!=None", namespace: "ns"), limit: 500,
                    continueToken: "a+b=", resourceVersion: "5"))
            _ = try await client.list(ListRequest(resource: APIResource(.node), resourceVersion: "0"))
            let requests = server.requests
            #expect(requests[0].path == "/clusters/one/api/v1/namespaces/ns/services")
            #expect(
                requests[0].query == [
                    "limit=500", "continue=a%2Bb%3D", "labelSelector=%21a.b%2Fc", "fieldSelector=spec.clusterIP%21%3DNone",
                ])
            #expect(requests[0].headers["accept"] == ["application/vnd.kubernetes.protobuf,application/json"])
            #expect(requests[0].headers["user-agent"] == ["fairway/0 (linux/amd64)"] || !isAMD64)
            #expect(requests[1].target == "/clusters/one/api/v1/nodes?resourceVersion=0")
        }
    }

    private var isAMD64: Bool {
        #if arch(x86_64)
        true
        #else
        false
        #endif
    }

    @Test("A refusal is the server's Status", arguments: [401, 403, 404, 409, 410, 500])
    func refusal(_ code: Int) async throws {
        try await run { _ in .refusal(code, "Reason") } _: { client, server in
            let error = await #expect(throws: APIStatus.self) { try await client.list(services) }
            #expect(error == APIStatus(code: code, reason: "Reason", message: "no"))
            #expect(server.requests.count == 1)
        }
    }

    @Test("Requests on the connection that a server closed after it refused another are asked again, and hear why")
    func closedWithAnother() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server")
        let hasRefused = Mutex(false)
        try await ScriptedServer.run(tls: folder.serverTLS(speaksHTTP2: true)) { request in
            if request.path.hasSuffix("endpoints") { return .refusal(404, "NotFound") }
            guard request.path.hasSuffix("services") else {
                return hasRefused.withLock { $0 } ? .refusal(401, "Unauthorized") : ScriptedAnswer(end: .silence)
            }
            hasRefused.withLock { $0 = true }
            var refusal = ScriptedAnswer.refusal(401, "Unauthorized")
            refusal.end = .farewell
            return refusal
        } _: { server in
            let connection = try TestKubeconfig(
                server: "https://localhost:\(server.port)", cluster: "certificate-authority: ca.crt", user: "token: t"
            ).connection(in: folder)
            try await withClient(connection) { client in
                // One connection is there before they all ask: on a cold pool each would open its own.
                _ = await failure { try await client.list(ListRequest(resource: APIResource(.endpoints))) }
                let codes = await withTaskGroup(of: String.self) { group in
                    for kind in [ObjectKind.node, .pod, .namespace] {
                        group.addTask { await failure { try await client.list(ListRequest(resource: APIResource(kind))) } }
                    }
                    while server.requests.count < 4 { await Task.yield() }
                    group.addTask { await failure { try await client.list(services) } }
                    return await group.reduce(into: [String]()) { $0.append($1) }
                }
                #expect(codes == Array(repeating: "Unauthorized (401): no", count: 4))
                #expect(server.requests.count >= 8)
            }
        }
    }

    @Test(
        "Plain HTTP to a server that speaks TLS is told as what it is, with what to write",
        arguments: ["Client sent an HTTP request to an HTTPS server.\n", "<h1>The plain HTTP request was sent to HTTPS port</h1>"])
    func plainToTLS(_ page: String) async throws {
        try await run { _ in
            ScriptedAnswer(status: 400, headers: [("Content-Type", "text/plain")], chunks: [Array(page.utf8)])
        } _: { client, server in
            let text = await failure { try await client.list(services) }
            let (plain, secure) = ("http://127.0.0.1:\(server.port)", "https://127.0.0.1:\(server.port)")
            #expect(text == "\(plain): what answers there speaks TLS: --master must name it as \(secure)")
        }
    }

    @Test("So is a server that answers plain HTTP with an alert of TLS") func plainToAlert() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AlertHandler()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let address = "127.0.0.1:\(channel.localAddress?.port ?? 0)"
        let connection = try ClusterConnection(kubeconfig: "", master: "http://\(address)")
        let text = try await withClient(connection) { client in await failure { try await client.list(services) } }
        try await channel.close()
        #expect(text == "http://\(address): what answers there speaks TLS: --master must name it as https://\(address)")
    }

    @Test("A page of a proxy is shown as it came") func textRefusal() async throws {
        try await run { _ in
            ScriptedAnswer(status: 502, headers: [("Content-Type", "text/plain")], chunks: [Array("Bad Gateway\n".utf8)])
        } _: { client, _ in
            let text = await failure { try await client.list(services) }
            #expect(text == "HTTP 502: Bad Gateway")
        }
    }

    @Test("The server's Retry-After is kept to, a few times", arguments: [429, 503])
    func retryAfter(_ code: Int) async throws {
        let clock = InstantClock()
        let count = Counter()
        try await run(clock: clock) { request in
            request.path.hasSuffix("nodes") || count.add() < 3
                ? .refusal(code, "TooManyRequests", [("Retry-After", "2")]) : .json(emptyServices)
        } _: { client, server in
            _ = try await client.list(services)
            #expect(clock.slept == [.seconds(2), .seconds(2)])
            #expect(server.requests.count == 3)
            let error = await #expect(throws: APIStatus.self) {
                try await client.list(ListRequest(resource: APIResource(.node)))
            }
            #expect(error?.retryAfterSeconds == 2)
            #expect(server.requests.count == 3 + 1 + APIClient.retryLimit)
            #expect(client.statistics.retries == 2 + APIClient.retryLimit)
        }
    }

    @Test("A server that wants longer is told of at once, and one that names no time") func noRetry() async throws {
        try await run { request in
            request.path.hasSuffix("nodes") ? .refusal(429, "TooManyRequests", [("Retry-After", "31")]) : .refusal(503, "Unavailable")
        } _: { client, server in
            let long = await #expect(throws: APIStatus.self) { try await client.list(ListRequest(resource: APIResource(.node))) }
            #expect(long?.retryAfterSeconds == 31)
            await #expect(throws: APIStatus.self) { try await client.list(services) }
            #expect(server.requests.count == 2)
        }
    }

    @Test("A server without protobuf is asked in JSON from then on", arguments: [406, 415])
    func fallBack(_ code: Int) async throws {
        try await run { request in
            request.headers["accept"][0].contains("protobuf") ? .refusal(code, "NotAcceptable") : .json(emptyServices)
        } _: { client, server in
            _ = try await client.list(services)
            _ = try await client.list(services)
            #expect(client.format == .json)
            #expect(
                server.requests.map { $0.headers["accept"][0] } == [
                    "application/vnd.kubernetes.protobuf,application/json", "application/json", "application/json",
                ])
        }
    }

    @Test("Impersonation is in the headers, a password too") func headers() async throws {
        let folder = try TemporaryFolder()
        try Authority(folder).issue("server")
        try await ScriptedServer.run(tls: folder.serverTLS()) { _ in .json(emptyServices) } _: { server in
            let connection = try TestKubeconfig(
                server: "https://127.0.0.1:\(server.port)", cluster: "certificate-authority: ca.crt",
                user: "username: admin, password: 'a:b', as: eve, as-groups: [g, h], as-user-extra: {a/b: [s]}"
            ).connection(in: folder)
            try await withClient(connection) { _ = try await $0.list(services) }
            let headers = try #require(server.requests.first).headers
            #expect(headers["authorization"] == ["Basic YWRtaW46YTpi"])
            #expect(headers["impersonate-user"] == ["eve"])
            #expect(headers["impersonate-group"] == ["g", "h"])
            #expect(headers["impersonate-extra-a%2fb"] == ["s"])
        }
    }

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

    @Test("Objects are written as JSON, with what they must be") func writing() async throws {
        let answer = #"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l","namespace":"n","resourceVersion":"2"},"spec":{"holderIdentity":"me"}}"#
        try await run { _ in .json(answer) } _: { client, server in
            let key = ObjectKey(namespace: "n", name: "l")
            let lease = try await client.get(Lease.self, .leases, key)
            #expect(lease.holderIdentity == "me")
            _ = try await client.create(lease, .leases, namespace: "n")
            _ = try await client.update(lease, .leases, key)
            _ = try await client.patch(Lease.self, .leases, key, mergePatch: Array("{}".utf8))
            try await client.delete(.leases, key, uid: "u", resourceVersion: "")
            try await client.delete(.leases, key, uid: "", resourceVersion: "")
            let base = "/apis/coordination.k8s.io/v1/namespaces/n/leases"
            let requests = server.requests
            #expect(requests.map { "\($0.method) \($0.target)" } == [
                "GET \(base)/l", "POST \(base)", "PUT \(base)/l", "PATCH \(base)/l", "DELETE \(base)/l", "DELETE \(base)/l",
            ])
            #expect(requests.map { $0.headers.first(name: "content-type") ?? "" } == [
                "", "application/json", "application/json", "application/merge-patch+json", "application/json", "application/json",
            ])
            let bodies = requests.map { String(decoding: $0.body, as: UTF8.self) }
            #expect(bodies[1].contains(#""holderIdentity":"me""#))
            #expect(bodies[3] == "{}")
            #expect(bodies[4].contains(#""preconditions":{"uid":"u"}"#))
            #expect(!bodies[5].contains("preconditions"))
        }
    }

    @Test("Nobody there is told as it is") func unreachable() async throws {
        let port = try await ScriptedServer.run({ _ in .json("{}") }) { $0.port }
        let connection = try ClusterConnection(kubeconfig: "", master: "http://127.0.0.1:\(port)")
        try await withClient(connection) { client in
            let text = await failure { try await client.list(services) }
            #expect(text == "http://127.0.0.1:\(port): Connection refused")
            let write = await failure {
                try await client.patch(Lease.self, .leases, ObjectKey(namespace: "n", name: "l"), mergePatch: Array("{}".utf8))
            }
            #expect(write == text)
        }
    }

    @Test("A server that says nothing, or ends in the middle, is an error") func broken() async throws {
        let options = APIClientOptions(requestsPerSecond: 0, requestTimeout: .seconds(3))
        try await run(options: options) { request in
            ScriptedAnswer(
                chunks: [Array(emptyServices.utf8.prefix(10))], end: request.path.hasSuffix("nodes") ? .abort : .stall)
        } _: { client, server in
            let stalled = await failure { try await client.list(services) }
            #expect(stalled == "http://127.0.0.1:\(server.port): nothing more came, the connection is given up")
            let ended = await failure { try await client.list(ListRequest(resource: APIResource(.node))) }
            #expect(ended == "http://127.0.0.1:\(server.port): the connection broke in the middle of an answer")
        }
    }

    @Test("An error says how far the request came: nobody answered, the answer broke off, or nothing more came")
    func stages() async throws {
        let options = APIClientOptions(requestsPerSecond: 0, requestTimeout: .seconds(2), watchSilenceLimit: .seconds(2))
        try await run(options: options) { request in
            ScriptedAnswer(
                chunks: [Array(emptyServices.utf8.prefix(10))], end: request.path.hasSuffix("nodes") ? .abort : .stall)
        } _: { client, _ in
            for (kind, stage) in [(ObjectKind.node, FailureStage.cut), (.pod, .silent)] {
                let resource = APIResource(kind)
                let list = await #expect(throws: ConnectionError.self) { try await client.list(ListRequest(resource: resource)) }
                #expect(list?.stage == stage)
                let watch = await #expect(throws: ConnectionError.self) {
                    let request = WatchRequest(resource: resource, start: .after("7"), timeoutSeconds: 300)
                    for try await _ in try await client.watch(request) {}
                }
                #expect(watch?.stage == stage)
            }
        }
        let port = try await ScriptedServer.run({ _ in .json("{}") }) { $0.port }
        let connection = try ClusterConnection(kubeconfig: "", master: "http://127.0.0.1:\(port)")
        try await withClient(connection) { client in
            let error = await #expect(throws: ConnectionError.self) { try await client.list(services) }
            #expect(error?.stage == .unanswered)
        }
    }

    @Test("An answer beyond its limit is not taken") func answerLimit() async throws {
        try await run { _ in ScriptedAnswer(chunks: Array(repeating: Array(repeating: 32, count: 1 << 19), count: 5)) } _: {
            client, server in
            for (limit, isTaken) in [(5 << 19, true), (2 << 20, false)] {
                let request = APIRequest(path: "/api", accept: "*/*", answerLimitBytes: limit)
                let text = await failure { try await client.answer { _ in request }.body.count }
                #expect(
                    text
                        == (isTaken
                            ? "no error: \(5 << 19)"
                            : "http://127.0.0.1:\(server.port): the answer to /api is larger than 2 MiB"))
            }
        }
    }

    @Test("The rate limit holds requests back, watches too, and counts what it did") func rate() async throws {
        let clock = InstantClock()
        let options = APIClientOptions(requestsPerSecond: 1, burst: 2)
        try await run(options: options, clock: clock) { _ in .json(emptyServices) } _: { client, _ in
            for _ in 0..<3 { _ = try await client.list(services) }
            _ = try await client.watch(WatchRequest(resource: APIResource(.service), start: .after("1"), timeoutSeconds: 1))
            #expect(clock.slept == [.seconds(1), .seconds(1)])
            let counts = client.statistics
            #expect(counts.requests == 4)
            #expect(counts.answers == [2: 4])
            #expect(counts.heldBack == 2)
            #expect(counts.heldBackTime == .seconds(2))
        }
    }

    @Test("A client that is shut down ends what is under way") func shutdown() async throws {
        try await ScriptedServer.run({ _ in ScriptedAnswer(end: .stall) }) { server in
            let connection = try ClusterConnection(kubeconfig: "", master: "http://127.0.0.1:\(server.port)")
            let client = try APIClient(
                connection: connection, options: APIClientOptions(requestsPerSecond: 0), logger: quiet)
            var events = try await client.watch(
                WatchRequest(resource: APIResource(.service), start: .after("1"), timeoutSeconds: 300)
            ).makeAsyncIterator()
            try await client.shutdown()
            let text = await failure { try await events.next() }
            #expect(!text.hasPrefix("no error"), "\(text)")
        }
    }

    @Test("A task that is cancelled ends its request") func cancellation() async throws {
        try await run { _ in ScriptedAnswer(end: .stall) } _: { client, server in
            await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    do {
                        _ = try await client.list(services)
                        return false
                    } catch {
                        return error is CancellationError
                    }
                }
                while server.requests.isEmpty { await Task.yield() }
                group.cancelAll()
                for await wasCancelled in group { #expect(wasCancelled) }
            }
        }
    }
}

final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    /// - Returns: the count with this.
    func add() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}

/// Answers whatever comes as a server of TLS does: that it is no version of it.
private final class AlertHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: [0x15, 3, 1, 0, 2, 2, 70])), promise: nil)
        context.close(promise: nil)
    }
}
