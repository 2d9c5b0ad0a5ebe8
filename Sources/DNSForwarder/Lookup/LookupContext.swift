internal import DNSWire

/// What lookups work with: the forwarder's state, lent for one step.
struct LookupContext {
    var now: Duration = .zero
    var table: UpstreamTable
    var random: any RandomNumberGenerator & Sendable
    let loopGuard: LoopGuard
    let isOwn: @Sendable (DomainName) -> Bool
    var actions: [ForwarderAction] = []
    private var attemptCount: UInt64 = 0

    init(_ configuration: ForwarderConfiguration, random: any RandomNumberGenerator & Sendable) {
        var random = random
        loopGuard = LoopGuard(random: &random)
        table = UpstreamTable(configuration)
        isOwn = configuration.isOwn
        self.random = random
    }

    var limits: ForwarderLimits { table.limits }

    mutating func nextAttempt() -> AttemptID {
        attemptCount += 1
        return AttemptID(rawValue: attemptCount)
    }
}
