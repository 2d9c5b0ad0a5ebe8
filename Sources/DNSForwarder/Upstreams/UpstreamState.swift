internal import DNSWire

/// What is known of one upstream.
struct UpstreamState {
    let address: UpstreamAddress
    var estimate = RoundTripEstimate()
    var statistics: UpstreamStatistics
    /// It answered FORMERR to EDNS: until then it is asked without.
    private var withoutExtensionsUntil: Duration?

    init(_ address: UpstreamAddress) {
        self.address = address
        statistics = UpstreamStatistics(upstream: address.description)
    }

    /// What the next query carries; a repetition leaves the token away, in case something on the way drops it.
    func extensions(isRepetition: Bool, now: Duration) -> QueryImage.Extensions {
        if let withoutExtensionsUntil, now < withoutExtensionsUntil { return .none }
        return !isRepetition && LoopGuard.isWorthwhile(for: address) ? .guarded : .plain
    }

    mutating func refusesExtensions(now: Duration, memory: Duration) { withoutExtensionsUntil = now + memory }

    /// No answer when one was due.
    mutating func wasSilent(at now: Duration) {
        estimate.wasSilent(at: now)
        statistics.timeouts += 1
    }

    /// A socket to it failed.
    mutating func failed(at now: Duration) {
        estimate.wasSilent(at: now)
        statistics.networkErrors += 1
    }
}
