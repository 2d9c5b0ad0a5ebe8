import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import Testing

@Suite("Locks of a network namespace", .enabled(if: Requirement.root, "needs root: makes network namespaces"))
struct NamespaceLockTests {
    /// What taking the name led to, here and now; the lock is given back.
    private static func take(_ name: String) -> NamespaceLock.Failure? {
        do throws(NamespaceLock.Failure) {
            _ = try NamespaceLock(name)
            return nil
        } catch {
            return error
        }
    }

    @Test("the second to ask is told the first's process and user; the name is free again after it")
    func held() async throws {
        let network = TestNetwork()
        defer { network.close() }
        let (second, third) = try await network.addNamespace("one").inside {
            let lock = try NamespaceLock("fairway-test")
            let second = NamespaceLockTests.take("fairway-test")
            _ = consume lock
            return (second, NamespaceLockTests.take("fairway-test"))
        }
        #expect(second == .held(by: NamespaceLock.Holder(processID: getpid(), userID: geteuid())))
        #expect(third == nil)
    }

    @Test("another namespace has names of its own")
    func otherNamespace() async throws {
        let network = TestNetwork()
        defer { network.close() }
        let other = try network.addNamespace("two")
        let outcome = try await network.addNamespace("one").inside {
            let lock = try NamespaceLock("fairway-test")
            defer { lock.dismissCallers() }
            return try other.insideBlocking { NamespaceLockTests.take("fairway-test") }
        }
        #expect(outcome == nil)
    }

    @Test("many may ask, and when they were dismissed the next is told again")
    func backlog() async throws {
        let network = TestNetwork()
        defer { network.close() }
        let (crowded, after) = try await network.addNamespace("one").inside {
            let lock = try NamespaceLock("fairway-test")
            var last: NamespaceLock.Failure?
            for _ in 0..<300 { last = NamespaceLockTests.take("fairway-test") }
            lock.dismissCallers()
            return (last, NamespaceLockTests.take("fairway-test"))
        }
        #expect(crowded == .held(by: NamespaceLock.Holder(processID: nil, userID: nil)))
        #expect(after == .held(by: NamespaceLock.Holder(processID: getpid(), userID: geteuid())))
    }
}
