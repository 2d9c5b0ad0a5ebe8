import Glibc
import KubernetesModel
import LinuxSystem
import ObjectStore
import Synchronization
import Testing

@testable import ManifestSource

@Suite("Files that cannot be read for a while", .timeLimit(.minutes(1)))
struct RereadTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Reads files, and fails as often as it is told to.
    private final class Reader: Sendable {
        private let failures: Mutex<[String: (errno: Int32, count: Int)]> = Mutex([:])
        private let reads = Mutex(0)

        var readCount: Int { reads.withLock { $0 } }

        func fail(_ path: String, _ errno: Int32, times count: Int) { failures.withLock { $0[path] = (errno, count) } }

        func read(_ path: String) throws(Errno) -> [UInt8] {
            reads.withLock { $0 += 1 }
            let errno = failures.withLock { failures -> Int32? in
                guard let failure = failures[path], failure.count > 0 else { return nil }
                failures[path]?.count -= 1
                return failure.errno
            }
            if let errno { throw Errno(rawValue: errno) }
            return try ManifestFile.read(path)
        }
    }

    private func session(_ reader: Reader) -> ManifestSession {
        ManifestSession([folder.path], .standard, readFile: { (path) throws(Errno) in try reader.read(path) })
    }

    @Test("is read again without a change, later each time", arguments: [EMFILE, ENFILE, EIO, ENOMEM])
    func rereads(_ errno: Int32) throws {
        try folder.write(Manifests.pod("a"), to: "a.yaml")
        try folder.write(Manifests.pod("b"), to: "b.yaml")
        let reader = Reader()
        reader.fail(folder("a.yaml"), errno, times: 3)
        var session = session(reader)
        let first = session.load()
        #expect(first.summary == ["+Pod default/b"])
        #expect(first.newFaults.count == 1)
        #expect(!first.events.contains(.synced(.pod)), "what may be there soon is waited for")
        var instants: [ContinuousClock.Instant] = []
        for _ in 0..<2 {
            let next = try session.due()
            instants.append(next)
            let early = session.reread(at: next - .milliseconds(1))
            #expect(early.isEmpty)
            #expect(reader.readCount == 2 + instants.count - 1)
            let failed = session.reread(at: next)
            #expect(failed.isEmpty, "the same fault is told once")
        }
        #expect(instants[1] - instants[0] == RereadSchedule.firstDelay * 2)
        let third = try session.due()
        #expect(third - instants[1] == RereadSchedule.firstDelay * 4)
        let batch = session.reread(at: third)
        #expect(batch.summary == ["+Pod default/a"])
        #expect(batch.mendedFaults.count == 1)
        #expect(batch.events.contains(.synced(.pod)))
        let rest = session.nextReread
        #expect(rest == nil)
    }

    @Test("keeps its objects meanwhile, and is tried for ever at long intervals")
    func keeps() throws {
        try folder.write(Manifests.pod("a"), to: "a.yaml")
        let reader = Reader()
        var session = session(reader)
        let first = session.load()
        #expect(first.events.contains(.synced(.pod)))
        try folder.write(Manifests.pod("b"), to: "a.yaml")
        reader.fail(folder("a.yaml"), EIO, times: 40)
        let changed = try session.poll()
        #expect(changed.summary == [])
        var delays: [Duration] = []
        for _ in 0..<39 {
            let at = try session.due()
            let failed = session.reread(at: at)
            #expect(failed.summary == [])
            let after = try session.due()
            delays.append(after - at)
        }
        #expect(delays.max() == RereadSchedule.longestDelay)
        #expect(delays == delays.sorted())
        let last = try session.due()
        let batch = session.reread(at: last)
        #expect(batch.summary == ["-Pod default/a", "+Pod default/b"])
    }

    @Test("holds nothing up for ever, is not tried for other reasons, and is forgotten when it is gone")
    func ends() throws {
        for name in ["a", "b", "c"] { try folder.write(Manifests.pod(name), to: "\(name).yaml") }
        let reader = Reader()
        reader.fail(folder("a.yaml"), EIO, times: .max)
        reader.fail(folder("c.yaml"), EACCES, times: .max)
        var session = session(reader)
        var events = session.load().events
        var tries = 1
        while !events.contains(.synced(.pod)) {
            let at = try session.due()
            events += session.reread(at: at).events
            tries += 1
        }
        #expect(tries == RereadSchedule.awaitedFailures)
        let more = session.nextReread
        #expect(more != nil)
        folder.remove("a.yaml")
        _ = try session.poll()
        let rest = session.nextReread
        #expect(rest == nil)
    }

    @Test("a source that is followed reads it without an event")
    func followed() async throws {
        try folder.write(Manifests.pod("a"), to: "a.yaml")
        let reader = Reader()
        reader.fail(folder("a.yaml"), EMFILE, times: 2)
        let source = ManifestSource(
            paths: [folder.path], allocation: .standard, contents: .all,
            readFile: { (path) throws(Errno) in try reader.read(path) })
        let (stream, continuation) = AsyncStream<ManifestBatch>.makeStream()
        let running = Task { try await source.run { continuation.yield($0) } }
        var events: [StoreEvent] = []
        for await batch in stream {
            events += batch.events
            if events.contains(.synced(.pod)) { break }
        }
        running.cancel()
        try await running.value
        #expect(events.contains { if case .set = $0 { true } else { false } })
        #expect(reader.readCount == 3)
    }
}

extension ManifestSession {
    /// When the next try is due.
    fileprivate borrowing func due() throws -> ContinuousClock.Instant {
        let next = nextReread
        return try #require(next)
    }
}
