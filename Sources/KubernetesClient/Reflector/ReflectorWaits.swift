/// How long a reflector waits after each sort of trouble.
///
/// Each sort has waits of its own: those that an outage made long are none for what the server says once it is back.
struct ReflectorWaits: Sendable {
    enum Trouble: Sendable, Hashable {
        /// Nothing answered, or a watch broke.
        case unanswered
        /// The server said no.
        case refused
        /// A list broke off.
        case cut
    }

    private var unanswered: Backoff
    private var refused: Backoff
    private var cut: Backoff
    private var last: Trouble?

    init(_ settings: ReflectorSettings) {
        unanswered = Backoff(settings.backoff)
        refused = Backoff(settings.backoff)
        cut = Backoff(settings.cutBackoff)
    }

    /// A list is complete, or events came. Pages of a list that breaks off later are no progress: the next begins with the
    /// first of them again.
    mutating func progressed() { cut.reset() }

    /// - Parameter now: of a monotonic clock.
    mutating func next(
        after trouble: Trouble, now: Duration, random: inout some RandomNumberGenerator
    ) -> Duration {
        // Whoever answers after an outage is asked as at the start. Waits for those that do not answer go on growing, so
        // that a server which comes and goes is not asked more often.
        if last == .unanswered, trouble != .unanswered {
            refused.reset()
            cut.reset()
        }
        last = trouble
        switch trouble {
        case .unanswered: return unanswered.next(now: now, random: &random)
        case .refused: return refused.next(now: now, random: &random)
        case .cut: return cut.next(now: now, random: &random)
        }
    }
}
