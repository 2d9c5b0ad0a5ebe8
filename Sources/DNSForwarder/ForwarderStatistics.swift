/// What a forwarder does and did: a snapshot, for metrics. Counters never fall.
public struct ForwarderStatistics: Sendable, Hashable {
    /// Questions being asked of upstreams.
    public internal(set) var questionsInFlight = 0
    /// Questions that joined an equal one in flight.
    public internal(set) var joins: UInt64 = 0
    /// Questions refused at a limit: `coredns_forward_max_concurrent_rejects_total`.
    public internal(set) var rejects: UInt64 = 0
    /// Own queries that came back.
    public internal(set) var loops: UInt64 = 0
    /// One for each upstream, in the order of the configuration.
    public internal(set) var upstreams: [UpstreamStatistics] = []
    public internal(set) var cache = CacheStatistics()
}
