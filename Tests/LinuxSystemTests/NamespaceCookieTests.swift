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
}
