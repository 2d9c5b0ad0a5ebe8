/// Evens out what we ask of the server: `burst` requests at once, then `perSecond` a second. Pure: time is given.
struct TokenBucket: Sendable {
    private let perSecond: Double
    private let burst: Double
    private var tokens: Double
    private var last: Duration = .zero

    /// - Parameters:
    ///   - perSecond: more than 0.
    ///   - burst: less than 1 counts as 1: nothing would ever pass.
    init(perSecond: Double, burst: Int) {
        precondition(perSecond > 0, "no limit is no bucket")
        self.perSecond = perSecond
        self.burst = Double(max(1, burst))
        tokens = self.burst
    }

    /// Takes a token, on credit where there is none.
    ///
    /// - Parameter now: since any fixed moment; never goes back.
    /// - Returns: how long to wait before the request is sent.
    mutating func take(at now: Duration) -> Duration {
        tokens = min(burst, tokens + max(0, (now - last) / .seconds(1)) * perSecond) - 1
        last = now
        return tokens >= 0 ? .zero : .seconds(-tokens / perSecond)
    }
}
