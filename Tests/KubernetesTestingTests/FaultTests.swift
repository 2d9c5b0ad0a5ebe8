import KubernetesTesting
import NIOHTTP1
import Testing

@Suite("Faults of the test API server", .timeLimit(.minutes(2)))
struct FaultTests {
    private func service(_ name: String) -> JSON {
        ["metadata": ["name": .string(name), "namespace": "default"], "spec": ["ports": [["port": 80]]]]
    }

    private func watch(_ server: TestAPIServer) async throws -> RawWatch {
        try await RawClient(server: server).watch("/api/v1/services?watch=true&resourceVersion=\(server.resourceVersion)")
    }

    @Test func `429 says when to come again, once`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            server.inject(.tooManyRequests(retryAfterSeconds: 3), verbs: [.list], of: "services")
            let refused = try await RawClient(server: server).send("GET", "/api/v1/services")
            #expect(refused.status == 429)
            #expect(refused.headers.first(name: "Retry-After") == "3")
            let status = try await refused.json()
            #expect(status[["details", "retryAfterSeconds"]] == 3)
            let answered = try await RawClient(server: server).json("GET", "/api/v1/services")
            #expect(answered.status == 200)
            #expect(server.faultHits == 1)
        }
    }

    @Test(
        "a watch ends in the middle of an event",
        arguments: [Fault.Ending.clean, .midObject, .midObjectAbruptly, .midChunk])
    func ends(_ ending: Fault.Ending) async throws {
        try await TestAPIServer.with { server in
            server.inject(.end(ending, afterEvents: 1), verbs: [.watch], of: "services")
            let watch = try await watch(server)
            try server.put(service("a"), .services)
            try server.put(service("b"), .services)
            let first = try await watch.line()
            #expect(first == "ADDED a")
            var isAbrupt = false
            do {
                let next = try await watch.next()
                #expect(next == nil)
            } catch {
                isAbrupt = true
            }
            #expect(isAbrupt == (ending == .midObjectAbruptly || ending == .midChunk))
            #expect(watch.buffer.isEmpty == (ending == .clean))
            await watch.close()
        }
    }

    @Test func `a watch under way is ended`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            let watch = try await watch(server)
            try server.put(service("a"), .services)
            _ = try await watch.line()
            server.disturbWatches(of: "services", .end(.clean))
            let end = try await watch.line()
            #expect(end == nil)
            await watch.close()
        }
    }

    @Test func `events come twice`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            server.inject(.duplicates, verbs: [.watch])
            let watch = try await watch(server)
            try server.put(service("a"), .services)
            var lines: [String?] = []
            for _ in 0..<2 { lines.append(try await watch.line()) }
            #expect(lines == ["ADDED a", "ADDED a"])
            await watch.close()
        }
    }

    @Test func `events are held back and come later, and a stalled watch is told nothing`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            let (held, stalled, other) = (try await watch(server), try await watch(server), try await watch(server))
            server.holdEvents(of: ["services"])
            try server.put(service("a"), .services)
            server.releaseEvents()
            for watch in [held, stalled, other] {
                let line = try await watch.line()
                #expect(line == "ADDED a")
            }
            server.disturbWatches(of: "services", .stall())
            try server.put(service("b"), .services)
            let next = try await watch(server)
            try server.put(service("c"), .services)
            let line = try await next.line()
            #expect(line == "ADDED c")
            #expect(held.buffer.isEmpty)
            for watch in [held, stalled, other, next] { await watch.close() }
        }
    }

    @Test func `a slow answer comes whole`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            try server.put(service("a"), .services)
            server.inject(.slow(bytes: 100, every: .milliseconds(1)), verbs: [.list])
            let list = try await RawClient(server: server).json("GET", "/api/v1/services")
            #expect(list.body["items"]?.array?.count == 1)
        }
    }

    @Test func `a list is cut in its middle`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            try server.put(service("a"), .services)
            server.inject(.end(.midObjectAbruptly), verbs: [.list])
            let answer = try await RawClient(server: server).send("GET", "/api/v1/services")
            await #expect(throws: (any Error).self) { try await answer.body() }
            server.inject(.noAnswer, verbs: [.list])
            await #expect(throws: (any Error).self) { try await RawClient(server: server).send("GET", "/api/v1/services") }
        }
    }

    @Test func `connections are refused for a while`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            let watch = try await watch(server)
            await server.stopListening()
            await #expect(throws: (any Error).self) { try await watch.next() }
            await #expect(throws: (any Error).self) { try await RawClient(server: server).send("GET", "/version") }
            try await server.listen()
            let version = try await RawClient(server: server).json("GET", "/version")
            #expect(version.body["major"] == "1")
        }
    }

    @Test func `who has no token is not let in, and who may not is told so`() async throws {
        var settings = ClusterSettings()
        settings.tokens = ["secret": "alice"]
        settings.requiresAuthentication = true
        settings.authorize = { user, request in user == "alice" && request.verb != .delete }
        try await TestAPIServer.with(settings) { server in
            let client = RawClient(server: server)
            let token = [("Authorization", "Bearer secret")]
            let stranger = try await client.json("GET", "/api/v1/services")
            #expect(stranger.status == 401)
            let alice = try await client.json("GET", "/api/v1/services", headers: token)
            #expect(alice.status == 200)
            let denied = try await client.json("DELETE", "/api/v1/namespaces/default/services/a", headers: token)
            #expect(denied.status == 403)
            #expect(denied.body["message"]?.string?.contains("User \"alice\" cannot delete resource \"services\"") == true)
            let records = server.requests()
            #expect(records.map(\.user) == ["alice", "alice"])
        }
    }

    @Test func `a test waits for a request`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            let start = server.requestCount
            async let awaited = server.request(.list, of: "nodes", from: start)
            _ = try await RawClient(server: server).json("GET", "/api/v1/nodes?limit=5")
            let record = try await awaited
            #expect(record.query["limit"] == "5")
        }
    }
}
