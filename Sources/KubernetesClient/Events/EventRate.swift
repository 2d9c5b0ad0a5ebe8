/// Tokens of one object: what it may still have written about it.
struct EventRate: Sendable {
    /// Events of one object at once, then one in five minutes; client-go's limits.
    static let burst = 25.0
    static let refill = Duration.seconds(300)

    private var tokens = burst
    private(set) var usedAt: Duration

    init(now: Duration) { usedAt = now }

    mutating func take(now: Duration) -> Bool {
        tokens = min(Self.burst, tokens + (now - usedAt) / Self.refill)
        usedAt = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
