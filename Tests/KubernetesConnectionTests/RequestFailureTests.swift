import KubernetesClient
import KubernetesModel
import KubernetesWire
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import KubernetesConnection

/// Servers that refuse, are something else, or do not answer: what is asked again, and what the error says.
@Suite struct RequestFailureTests {
    @Test("A refusal is the server's Status", arguments: [401, 403, 404, 409, 410, 500])
    func refusal(_ code: Int) async throws {
        try await withScriptedAPI { _ in .refusal(code, "Reason") } _: { client, server in
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
        try await withScriptedAPI { _ in
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
        try await withScriptedAPI { _ in
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
        try await withScriptedAPI(clock: clock) { request in
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
        try await withScriptedAPI { request in
            request.path.hasSuffix("nodes") ? .refusal(429, "TooManyRequests", [("Retry-After", "31")]) : .refusal(503, "Unavailable")
        } _: { client, server in
            let long = await #expect(throws: APIStatus.self) { try await client.list(ListRequest(resource: APIResource(.node))) }
            #expect(long?.retryAfterSeconds == 31)
            await #expect(throws: APIStatus.self) { try await client.list(services) }
            #expect(server.requests.count == 2)
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
        try await withScriptedAPI(options: options) { request in
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
        try await withScriptedAPI(options: options) { request in
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
