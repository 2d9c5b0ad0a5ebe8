import KubernetesClient
import KubernetesModel
import KubernetesWire
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import KubernetesConnection

@Suite struct WatchTests {
    private static let request = WatchRequest(resource: APIResource(.namespace), start: .after("7"), timeoutSeconds: 300)

    private static func event(_ type: String, _ name: String, _ version: String) -> String {
        #"{"type":"\#(type)","object":{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"\#(name)","resourceVersion":"\#(version)"}}}"# + "\n"
    }

    private func run(
        _ options: APIClientOptions = APIClientOptions(requestsPerSecond: 0), _ script: @escaping ScriptedServer.Script,
        _ body: @escaping @Sendable (APIClient, ScriptedServer) async throws -> Void
    ) async throws {
        try await ScriptedServer.run(script) { server in
            let connection = try ClusterConnection(kubeconfig: "", master: "http://127.0.0.1:\(server.port)")
            try await withClient(connection, options) { try await body($0, server) }
        }
    }

    private func versions(_ events: [WatchEvent]) -> [String] {
        events.map { event in
            switch event {
            case .set(let object): "set \(object.metadata.resourceVersion)"
            case .deleted(_, let version): "deleted \(version)"
            case .bookmark(let version, let ends): "bookmark \(version)\(ends ? " end" : "")"
            case .error(let status): "error \(status.code)"
            case .unreadable(_, let version): "unreadable \(version)"
            }
        }
    }

    @Test("A watch asks for bookmarks, from a version or with the list first") func asking() async throws {
        try await run { _ in ScriptedAnswer() } _: { client, server in
            for try await _ in try await client.watch(Self.request) {}
            var request = Self.request
            request.start = .initialEvents
            request.selection = Selection(fields: "metadata.name=a")
            for try await _ in try await client.watch(request) {}
            #expect(
                server.requests.map(\.query) == [
                    ["watch=true", "allowWatchBookmarks=true", "resourceVersion=7", "timeoutSeconds=300"],
                    [
                        "watch=true", "allowWatchBookmarks=true", "sendInitialEvents=true", "resourceVersionMatch=NotOlderThan",
                        "timeoutSeconds=300", "fieldSelector=metadata.name%3Da",
                    ],
                ])
            #expect(server.requests[0].headers["accept"][0].hasPrefix("application/vnd.kubernetes.protobuf;stream=watch"))
        }
    }

    @Test("Events come as the server sends them, those of one read together, cut anywhere") func events() async throws {
        let stream = Mutex<AnswerStream?>(nil)
        try await run { _ in
            ScriptedAnswer(more: { more in
                stream.withLock { $0 = more }
                more.write(Self.event("ADDED", "a", "8") + Self.event("DELETED", "a", "9"))
            })
        } _: { client, _ in
            var events = try await client.watch(Self.request).makeAsyncIterator()
            #expect(versions(try await events.next() ?? []) == ["set 8", "deleted 9"])
            let more = try #require(stream.withLock { $0 })
            let text = Self.event("MODIFIED", "b", "10")
            more.write(String(text.prefix(20)))
            more.write(String(text.dropFirst(20)))
            #expect(versions(try await events.next() ?? []) == ["set 10"])
            more.write(#"{"type":"BOOKMARK","object":{"kind":"Namespace","apiVersion":"v1","metadata":{"resourceVersion":"12"}}}"#)
            #expect(versions(try await events.next() ?? []) == ["bookmark 12"])
            more.finish()
            #expect(try await events.next() == nil)
            #expect(try await events.next() == nil)
        }
    }

    @Test("A refused watch is the server's Status, and not tried again here") func refused() async throws {
        try await run { _ in .refusal(429, "TooManyRequests", [("Retry-After", "1")]) } _: { client, server in
            let error = await #expect(throws: APIStatus.self) { _ = try await client.watch(Self.request) }
            #expect(error?.retryAfterSeconds == 1)
            #expect(server.requests.count == 1)
        }
    }

    @Test("A watch on which nothing comes is ended") func silence() async throws {
        let options = APIClientOptions(requestsPerSecond: 0, watchSilenceLimit: .milliseconds(300))
        try await run(options) { _ in
            ScriptedAnswer(chunks: [Array(Self.event("ADDED", "a", "8").utf8)], end: .stall)
        } _: { client, server in
            var events = try await client.watch(Self.request).makeAsyncIterator()
            #expect(versions(try await events.next() ?? []) == ["set 8"])
            let text = await failure { try await events.next() }
            #expect(text.hasPrefix("http://127.0.0.1:\(server.port): watch of namespaces: neither event nor bookmark in"), "\(text)")
            #expect(try await events.next() == nil)
        }
    }

    @Test("A watch that breaks inside an event is an error after the events before it") func broken() async throws {
        try await run { request in
            let whole = Self.event("ADDED", "a", "8")
            return ScriptedAnswer(
                chunks: [Array((whole + whole.prefix(30)).utf8)],
                end: request.query.contains("timeoutSeconds=1") ? .complete : .abort)
        } _: { client, _ in
            for seconds in [1, 2] {
                var request = Self.request
                request.timeoutSeconds = seconds
                var events = try await client.watch(request).makeAsyncIterator()
                #expect(versions(try await events.next() ?? []) == ["set 8"])
                await #expect(throws: ConnectionError.self) { _ = try await events.next() }
            }
        }
    }

    @Test("What is no event ends the watch") func nonsense() async throws {
        try await run { _ in
            ScriptedAnswer(chunks: [Array((Self.event("ADDED", "a", "8") + "<html>").utf8)], end: .stall)
        } _: { client, _ in
            var events = try await client.watch(Self.request).makeAsyncIterator()
            #expect(versions(try await events.next() ?? []) == ["set 8"])
            let error = await #expect(throws: ConnectionError.self) { _ = try await events.next() }
            #expect(error?.code == .answer)
        }
    }

    @Test("A watch that nobody reads any more is ended at the server") func dropped() async throws {
        let closed = Counter()
        try await run { _ in
            ScriptedAnswer(more: { more in more.channel.closeFuture.whenComplete { _ in _ = closed.add() } })
        } _: { client, _ in
            do { _ = try await client.watch(Self.request) }
            while closed.value == 0 { await Task.yield() }
        }
    }

    @Test("A task that is cancelled ends its watch") func cancellation() async throws {
        let closed = Counter()
        try await run { _ in
            ScriptedAnswer(more: { more in
                more.channel.closeFuture.whenComplete { _ in _ = closed.add() }
                more.write(Self.event("ADDED", "a", "8"))
            })
        } _: { client, _ in
            let seen = Counter()
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    guard let events = try? await client.watch(Self.request) else { return }
                    do { for try await _ in events { _ = seen.add() } } catch {}
                }
                while seen.value == 0 { await Task.yield() }
                group.cancelAll()
            }
            while closed.value == 0 { await Task.yield() }
        }
    }
}
