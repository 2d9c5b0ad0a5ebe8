internal import Synchronization

/// What the TCP server has done so far, for metrics.
package struct TCPCounters: Sendable, Hashable {
    /// Connections that are open now.
    package var open = 0
    package var accepted: UInt64 = 0
    /// Turned away: no room, and nobody idle.
    package var refused: UInt64 = 0
    /// Every reason, also those that have not happened.
    package var closed: [TCPCloseReason: UInt64] = [:]
    /// Whole messages, answered or not.
    package var queries: UInt64 = 0
    /// Messages that were not answered: shorter than a header, or no queries. They do not prolong a connection.
    package var ignored: UInt64 = 0
    /// How often a connection was not read for a while, because too much of it was unanswered or not taken.
    package var paused: UInt64 = 0
}

/// Counted by every event loop, a batch at a time.
final class TCPCounting: Sendable {
    private let accepted = Atomic<UInt64>(0)
    private let refused = Atomic<UInt64>(0)
    private let queries = Atomic<UInt64>(0)
    private let ignored = Atomic<UInt64>(0)
    private let paused = Atomic<UInt64>(0)
    private let closed = Mutex<[TCPCloseReason: UInt64]>(
        Dictionary(uniqueKeysWithValues: TCPCloseReason.allCases.map { ($0, 0) }))

    func countAccepted() { accepted.add(1, ordering: .relaxed) }
    func countRefused() { refused.add(1, ordering: .relaxed) }
    func countPaused() { paused.add(1, ordering: .relaxed) }
    func count(queries count: Int, ignored ignoredCount: Int) {
        if count > 0 { queries.add(UInt64(count), ordering: .relaxed) }
        if ignoredCount > 0 { ignored.add(UInt64(ignoredCount), ordering: .relaxed) }
    }
    func count(_ reason: TCPCloseReason) { closed.withLock { $0[reason, default: 0] += 1 } }

    func counters(open: Int) -> TCPCounters {
        TCPCounters(
            open: open, accepted: accepted.load(ordering: .relaxed), refused: refused.load(ordering: .relaxed),
            closed: closed.withLock { $0 }, queries: queries.load(ordering: .relaxed),
            ignored: ignored.load(ordering: .relaxed), paused: paused.load(ordering: .relaxed))
    }
}
