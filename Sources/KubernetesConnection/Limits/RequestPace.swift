internal import Synchronization

/// Holds each request back until the token bucket lets it pass.
final class RequestPace: Sendable {
    private let bucket: Bucket?
    private let time: Waiting

    /// - Parameter perSecond: 0 or less: no limit.
    init(perSecond: Double, burst: Int, time: Waiting) {
        bucket = perSecond > 0 ? Bucket(TokenBucket(perSecond: perSecond, burst: burst)) : nil
        self.time = time
    }

    /// - Returns: how long it was held back.
    /// - Throws: `CancellationError`.
    @discardableResult
    func wait() async throws -> Duration {
        guard let bucket else { return .zero }
        let now = time.now()
        let delay = bucket.state.withLock { $0.take(at: now) }
        if delay > .zero { try await time.sleep(delay) }
        return delay
    }
}

/// A clock of any kind, as what is asked of it here.
struct Waiting: Sendable {
    /// Since this was made.
    let now: @Sendable () -> Duration
    let sleep: @Sendable (Duration) async throws -> Void

    init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
    }
}

private final class Bucket: Sendable {
    let state: Mutex<TokenBucket>

    init(_ bucket: TokenBucket) { state = Mutex(bucket) }
}
