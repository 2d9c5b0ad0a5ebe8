internal import NetworkTypes
internal import Synchronization

/// The limiter of NXDOMAIN answers that other servers gave, which come from any thread: asking costs a thousand times as much
/// as its lock.
final class SharedNameErrorLimiter: Sendable {
    private let limiter: Mutex<NameErrorLimiter>
    private let begin = ContinuousClock.now

    init(_ limit: NameErrorLimit) { limiter = Mutex(NameErrorLimiter(limit)) }

    func decide(_ client: IPAddress) -> NameErrorLimiter.Verdict {
        let (seconds, attoseconds) = (ContinuousClock.now - begin).components
        let now = UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
        return limiter.withLock { $0.decide(client, now: now) }
    }
}
