import LinuxSystem
import NetworkNamespaceTesting
import Synchronization
import Testing

@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces")) struct NamespaceCookieTests {
    @Test func `a network namespace has a cookie of its own`() async throws {
        let here = try NetworkNamespace.currentCookie()
        let there = try await NetworkNamespace.make().inside { try NetworkNamespace.currentCookie() }
        #expect(here != there)
    }

    @Test func `a namespace that has a name is found by its cookie`() async throws {
        let network = TestNetwork()
        defer { network.close() }
        let named = try network.addNamespace("sought")
        let cookie = try await named.inside { try NetworkNamespace.currentCookie() }
        let seen = Mutex<[UInt64]>([])
        let found = try NetworkNamespaceSearch.visit(cookies: [cookie, 1 << 60]) { cookie in
            seen.withLock { $0.append(cookie) }
        }
        #expect(found == [cookie])
        #expect(seen.withLock { $0 } == [cookie])
    }

    @Test func `a namespace without a name is found by a thread or a process in it`() async throws {
        let network = TestNetwork()
        defer { network.close() }
        // Of a process: `unshare` makes it, and `sleep` keeps it.
        let process = try network.addNamespace("around").start(["unshare", "--net", "sh", "-c", "echo ready; exec sleep 60"])
        try await process.waitForLine(containing: "ready")
        let ofProcess = try await NetworkNamespace(opening: "/proc/\(process.pid)/ns/net").inside {
            try NetworkNamespace.currentCookie()
        }
        let (ofThread, found, seen) = try await NetworkNamespace.make().inside {
            let own = try NetworkNamespace.currentCookie()
            let seen = Mutex<[UInt64: UInt64]>([:])
            let found = try NetworkNamespaceSearch.visit(cookies: [own, ofProcess]) { cookie in
                seen.withLock { $0[cookie] = (try? NetworkNamespace.currentCookie()) ?? 0 }
            }
            return (own, found, seen.withLock { $0 })
        }
        #expect(found == [ofThread, ofProcess])
        // Whoever is called is in the namespace that is meant.
        #expect(seen == [ofThread: ofThread, ofProcess: ofProcess])
        process.kill()
        try await process.waitForExit()
        let again = try NetworkNamespaceSearch.visit(cookies: [ofProcess]) { _ in }
        #expect(again == [])
    }

    @Test func `every namespace is listed once, the thread's own first, and what has ended or is no namespace is passed over`() async throws {
        let network = TestNetwork()
        defer { network.close() }
        let named = try network.addNamespace("listed")
        let (own, paths) = try await named.inside { (try NetworkNamespace.currentCookie(), NetworkNamespaceSearch.paths()) }
        #expect(paths.first == "/proc/thread-self/ns/net")
        // By its name it is the same one again.
        #expect(!paths.contains(named.path))
        #expect(own != 0)
        let none = try NetworkNamespaceSearch.visit(cookies: []) { _ in Issue.record("nothing was asked for") }
        #expect(none == [])
        #expect(NetworkNamespaceSearch.names(in: "/nowhere/at/all") == [])
    }
}
