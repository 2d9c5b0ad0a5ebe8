internal import KubernetesClient
internal import Synchronization

/// Holds each request back until the token bucket lets it pass.
final class RequestPace: Sendable {
    private let bucket: Bucket?
    private let time: Timing

    /// - Parameter perSecond: 0 or less: no limit.
    init(perSecond: Double, burst: Int, time: Timing) {
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

private final class Bucket: Sendable {
    let state: Mutex<TokenBucket>

    init(_ bucket: TokenBucket) { state = Mutex(bucket) }
}
