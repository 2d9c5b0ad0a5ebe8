/// Decides which of a server's failures are worth a line: one when it is lost, one a minute while it is, one when it is
/// back, of everything that is asked of it together. No I/O and no clock: times are seconds since 1970.
///
/// An interruption that the next attempt ends is no outage: connections are closed by servers that end and by what is
/// on the way.
struct SourceOutage: Sendable {
    enum Line: Sendable, Hashable {
        /// - Parameter since: nil: nothing was ever known.
        case lost(since: Int64?, reason: String)
        case still(seconds: Int64, reason: String)
        /// - Parameter wasKnown: it had been there before.
        case back(seconds: Int64, wasKnown: Bool)
    }

    /// Between two lines of trouble, also of one outage and the next.
    static let interval: Int64 = 60

    /// Whose last attempt failed: a kind, or the lease.
    private var failing: Set<String> = []
    private var wasKnown = false
    /// Of the outage under way.
    private var begin: Int64?
    private var beganKnown = false
    private var isTold = false
    /// Something was followed again since.
    private var hasAnswered = false
    private var lastTold: Int64?

    /// - Parameters:
    ///   - subject: what was asked for.
    ///   - since: until then it was well; nil: until now.
    ///   - inARow: attempts that failed.
    ///   - isSilence: nothing more came, so that no other attempt is to be awaited.
    mutating func failed(
        _ subject: String, reason: String, since: Int64? = nil, inARow: Int, isSilence: Bool = false, now: Int64
    ) -> Line? {
        failing.insert(subject)
        if self.begin == nil { (beganKnown, hasAnswered) = (wasKnown, false) }
        let begin = min(begin ?? now, since ?? now)
        self.begin = begin
        guard inARow > 1 || isSilence || !beganKnown || isTold else { return nil }
        // A clock that was set back keeps nothing quiet.
        if let lastTold, abs(now - lastTold) < Self.interval { return nil }
        lastTold = now
        defer { isTold = true }
        if isTold { return .still(seconds: max(0, now - begin), reason: reason) }
        return .lost(since: beganKnown ? begin : nil, reason: reason)
    }

    /// What was asked for is followed.
    mutating func follows(_ subject: String, now: Int64) -> Line? {
        defer { wasKnown = true }
        hasAnswered = true
        return end(subject, now)
    }

    /// Nobody asks for it any more, which by itself says nothing of the server.
    mutating func forget(_ subject: String, _ now: Int64) -> Line? {
        guard hasAnswered else {
            if failing.remove(subject) != nil, failing.isEmpty { (begin, isTold) = (nil, false) }
            return nil
        }
        return end(subject, now)
    }

    /// The server answered, and be it that it refuses.
    mutating func end(_ subject: String, _ now: Int64) -> Line? {
        guard failing.remove(subject) != nil, failing.isEmpty, let begin else { return nil }
        defer { (self.begin, isTold) = (nil, false) }
        return isTold ? .back(seconds: max(0, now - begin), wasKnown: beganKnown) : nil
    }
}
