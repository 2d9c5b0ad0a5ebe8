internal import Synchronization

/// Tells the reflectors of one server that it answers again, so that none sleeps on when another was answered.
///
/// Whoever waits is one entry, and waits once at a time: as many as there are reflectors.
package final class ServerReturn: Sendable {
    private struct State {
        var count = 0
        var nextWaiter = 0
        var waiters: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// How often the server has come back.
    var count: Int { state.withLock { $0.count } }

    /// The server has answered somebody whom it did not answer before.
    ///
    /// - Returns: the new ``count``.
    func tell() -> Int {
        let (count, waiters) = state.withLock { state in
            state.count += 1
            defer { state.waiters = [:] }
            return (state.count, state.waiters.values)
        }
        waiters.forEach { $0.finish() }
        return count
    }

    /// Returns when the server has come back more often than that, which may have been before, or when the task is
    /// cancelled.
    func next(after count: Int) async {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let waiter: Int? = state.withLock { state in
            guard state.count == count else { return nil }
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = continuation
            return state.nextWaiter
        }
        guard let waiter else { return }
        for await _ in stream {}
        _ = state.withLock { $0.waiters.removeValue(forKey: waiter) }
    }
}
