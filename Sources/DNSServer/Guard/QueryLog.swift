package import LinuxSystem
internal import Synchronization

/// One line for each query, written by a thread of its own:
///
///     2026-11-21T15:47:31.123456Z 10.244.0.7 udp api.default.svc.cluster.local. A NOERROR 72 3
///
/// The time of the query (UTC), the client, the transport, the name in lower case and escaped as in a zone file, the type,
/// the response code, the bytes of the answer (0: it was withheld from a client beyond its limit) and the microseconds from
/// when the query was read until its answer was made. `-` stands for a name and type where no question could be read.
///
/// Threads that answer leave their entries in lanes of fixed size and never wait for the writer. When a lane is full, what
/// comes is dropped and counted, and a line says so in the log itself:
///
///     2026-11-21T15:47:31.200000Z dropped 1234
package final class QueryLog: Sendable {
    /// How long entries wait for more, so that a busy server does not wake the writer for each.
    static let gathering = Duration.milliseconds(50)

    private let lanes = Mutex<[QueryLogLane]>([])
    private let wake: WakeDescriptor
    private let epoll: Epoll
    private let isStopping = Atomic(false)
    private let droppedCount = Atomic<UInt64>(0)
    private let thread = Mutex<DedicatedThread?>(nil)
    /// The way for answers of other servers, which come from any thread.
    let sharedLane: QueryLogLane
    private let wallClock: @Sendable () -> Duration
    private let write: @Sendable ([UInt8]) -> Void

    /// Starts the writer.
    ///
    /// - Parameters:
    ///   - wallClock: the time since 1970, UTC.
    ///   - write: gets whole lines, on the writer's thread; it may block, and then lanes fill.
    /// - Throws: SystemError when there are no descriptors or threads.
    package init(
        wallClock: @escaping @Sendable () -> Duration, write: @escaping @Sendable ([UInt8]) -> Void
    ) throws(SystemError) {
        self.wallClock = wallClock
        self.write = write
        sharedLane = QueryLogLane()
        do throws(Errno) {
            wake = try WakeDescriptor()
            epoll = try Epoll()
            try epoll.add(wake.rawValue, .readable, token: 0)
        } catch {
            throw SystemError("start the query log", error)
        }
        add(sharedLane)
        try start()
    }

    /// Queries that are not in the log because it could not keep up.
    package var dropped: UInt64 { droppedCount.load(ordering: .relaxed) }

    /// A lane for one thread.
    func makeLane() -> QueryLogLane {
        let lane = QueryLogLane()
        add(lane)
        return lane
    }

    /// Writes what is waiting and ends the writer. Waits: not for the cooperative pool. What comes later is not written.
    package func stop() {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
        var writer: DedicatedThread? = nil
        thread.withLock { swap(&writer, &$0) }
        writer.take()?.join()
    }

    private func add(_ lane: QueryLogLane) {
        lane.signal.withLock { $0 = { [weak self] in self?.wake.signal() } }
        lanes.withLock { $0.append(lane) }
    }

    private func start() throws(SystemError) {
        do throws(Errno) {
            let writer = try DedicatedThread(named: "dns-query-log") { [self] in run() }
            var started: DedicatedThread? = consume writer
            thread.withLock { swap(&started, &$0) }
        } catch {
            throw SystemError("start the query log", error)
        }
    }

    /// The writer's thread.
    private func run() {
        var spare = QueryLogLane.Contents()
        while !isStopping.load(ordering: .acquiring) {
            _ = try? epoll.wait(limit: 1)
            wake.clear()
            // A lane that is half full wakes again and ends this.
            _ = try? epoll.wait(limit: 1, timeout: Self.gathering)
            wake.clear()
            drain(&spare)
        }
        drain(&spare)
    }

    private func drain(_ spare: inout QueryLogLane.Contents) {
        for lane in lanes.withLock({ $0 }) {
            lane.exchange(&spare)
            guard !spare.isEmpty else { continue }
            // Both clocks now: the wall clock may be set while the process runs.
            let lines = QueryLogText(wallClock: wallClock(), instant: .now)
            if spare.dropped > 0 { droppedCount.add(spare.dropped, ordering: .relaxed) }
            write(lines.text(of: spare))
            spare.removeAll()
        }
    }
}

/// Options name a log; two are the same only when they are one.
extension QueryLog: Hashable {
    package static func == (a: QueryLog, b: QueryLog) -> Bool { a === b }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
