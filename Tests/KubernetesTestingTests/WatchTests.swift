import KubernetesTesting
import Testing

@Suite("Watches of the test API server", .timeLimit(.minutes(2)))
struct WatchTests {
    private func pod(_ name: String, _ labels: JSON = [:], node: String = "n") -> JSON {
        ["metadata": ["name": .string(name), "namespace": "default", "labels": labels], "spec": ["nodeName": .string(node)]]
    }

    @Test func `a watch from a version tells everything since`() async throws {
        try await TestAPIServer.with { server in
            try server.put(pod("old"), .pods)
            let version = server.resourceVersion
            try server.put(pod("a"), .pods)
            try server.put(pod("a", ["x": "1"]), .pods)
            let watch = try await RawClient(server: server).watch("/api/v1/pods?watch=true&resourceVersion=\(version)")
            try server.delete(.pods, "default", "a")
            var lines: [String?] = []
            for _ in 0..<3 { lines.append(try await watch.line()) }
            #expect(lines == ["ADDED a", "MODIFIED a", "DELETED a"])
            await watch.close()
        }
    }

    @Test func `an object comes into a selection and leaves it`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            let watch = try await RawClient(server: server).watch(
                "/api/v1/pods?watch=true&resourceVersion=\(server.resourceVersion)&labelSelector=app%3Dweb")
            try server.put(pod("a", ["app": "db"]), .pods)
            try server.put(pod("a", ["app": "web"]), .pods)
            try server.put(pod("a", ["app": "web", "v": "2"]), .pods)
            try server.put(pod("a", ["app": "db"]), .pods)
            try server.delete(.pods, "default", "a")
            try server.put(pod("b", ["app": "web"]), .pods)
            var lines: [String?] = []
            for _ in 0..<4 { lines.append(try await watch.line()) }
            #expect(lines == ["ADDED a", "MODIFIED a", "DELETED a", "ADDED b"])
            await watch.close()
        }
    }

    @Test func `a streamed list ends with a bookmark that says so`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            for name in ["a", "b"] { try server.put(pod(name), .pods) }
            let watch = try await RawClient(server: server).watch(
                "/api/v1/pods?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
            try server.put(pod("c"), .pods)
            var lines: [String?] = []
            for _ in 0..<4 { lines.append(try await watch.line()) }
            #expect(lines == ["ADDED a", "ADDED b", "BOOKMARK end", "ADDED c"])
            await watch.close()
        }
    }

    @Test func `a server without streamed lists refuses them`() async throws {
        var settings = ClusterSettings()
        settings.hasStreamingLists = false
        try await TestAPIServer.with(settings, tls: false) { server in
            let answer = try await RawClient(server: server).json(
                "GET", "/api/v1/pods?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan")
            #expect(answer.status == 422)
        }
    }

    @Test func `bookmarks tell versions in which nothing happened`() async throws {
        var settings = ClusterSettings()
        settings.bookmarkInterval = .milliseconds(20)
        try await TestAPIServer.with(settings, tls: false) { server in
            let watch = try await RawClient(server: server).watch(
                "/api/v1/pods?watch=true&resourceVersion=\(server.resourceVersion)&allowWatchBookmarks=true")
            let service: JSON = ["metadata": ["name": "s", "namespace": "default"], "spec": ["ports": [["port": 80]]]]
            try server.put(service, .services)
            var version = ""
            while version != String(server.resourceVersion) {
                let event = try await watch.next()
                #expect(event?["type"] == "BOOKMARK")
                version = event?[["object", "metadata", "resourceVersion"]]?.string ?? ""
            }
            await watch.close()
        }
    }

    @Test func `a version that was compacted is expired`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            let version = server.resourceVersion
            let current = try await RawClient(server: server).watch("/api/v1/pods?watch=true&resourceVersion=\(version)")
            try server.put(pod("a"), .pods)
            let first = try await current.line()
            #expect(first == "ADDED a")
            server.compact()
            let late = try await RawClient(server: server).watch("/api/v1/pods?watch=true&resourceVersion=\(version)")
            let line = try await late.line()
            #expect(line == "ERROR Expired")
            let end = try await late.line()
            #expect(end == nil)
            try server.put(pod("b"), .pods)
            let goesOn = try await current.line()
            #expect(goesOn == "ADDED b")
            await current.close()
            await late.close()
        }
    }

    @Test func `the history is bounded`() async throws {
        var settings = ClusterSettings()
        settings.historyLimit = 10
        try await TestAPIServer.with(settings, tls: false) { server in
            let version = server.resourceVersion
            for index in 0..<30 { try server.put(pod("a", ["x": .string(String(index))]), .pods) }
            let late = try await RawClient(server: server).watch("/api/v1/pods?watch=true&resourceVersion=\(version)")
            let line = try await late.line()
            #expect(line == "ERROR Expired")
            let near = try await RawClient(server: server).watch(
                "/api/v1/pods?watch=true&resourceVersion=\(server.resourceVersion - 5)")
            let next = try await near.line()
            #expect(next == "MODIFIED a")
            for watch in [late, near] { await watch.close() }
        }
    }

    @Test func `a watch ends after its time`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            let watch = try await RawClient(server: server).watch(
                "/api/v1/pods?watch=true&resourceVersion=\(server.resourceVersion)&timeoutSeconds=1")
            let line = try await watch.line()
            #expect(line == nil)
            await watch.close()
        }
    }

    @Test func `a client that reads nothing costs no events`() async throws {
        try await TestAPIServer.with(tls: false) { server in
            try server.seedPods(2000)
            let watch = try await RawClient(server: server).watch(
                "/api/v1/pods?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
            var count = 0
            while let line = try await watch.line(), line != "BOOKMARK end" { count += 1 }
            #expect(count == 2000)
            await watch.close()
        }
    }
}
