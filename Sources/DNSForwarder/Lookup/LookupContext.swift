internal import DNSWire

/// What lookups work with: the forwarder's state, lent for one step.
struct LookupContext {
    var now: Duration = .zero
    var table: UpstreamTable
    var random: any RandomNumberGenerator & Sendable
    let loopGuard: LoopGuard
    let isOwn: @Sendable (DomainName) -> Bool
    var actions: [ForwarderAction] = []
    /// Sockets that other lookups have beyond their first.
    var furtherSocketsOfOthers = 0
    /// Queries put off for want of a socket.
    var withheldQueries: UInt64 = 0
    private var attemptCount: UInt64 = 0

    init(_ configuration: ForwarderConfiguration, random: any RandomNumberGenerator & Sendable) {
        var random = random
        loopGuard = LoopGuard(random: &random)
        table = UpstreamTable(configuration)
        isOwn = configuration.isOwn
        self.random = random
    }

    var limits: ForwarderLimits { table.limits }

    /// A lookup with so many sockets may open another: its first always, as places are for no more lookups than that.
    func mayOpen(beside count: Int) -> Bool {
        count == 0 || furtherSocketsOfOthers + count <= limits.sockets - limits.questionsInFlight
    }

    mutating func nextAttempt() -> AttemptID {
        attemptCount += 1
        return AttemptID(rawValue: attemptCount)
    }
}
