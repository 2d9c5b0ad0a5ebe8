/// What a forwarder does and did: a snapshot, for metrics. Counters never fall.
public struct ForwarderStatistics: Sendable, Hashable {
    /// Questions being asked of upstreams.
    public internal(set) var questionsInFlight = 0
    /// Questions that joined an equal one in flight.
    public internal(set) var joins: UInt64 = 0
    /// Datagram and TCP sockets that questions have: at most `ForwarderLimits.sockets`.
    public internal(set) var sockets = 0
    /// Questions refused at a limit: `coredns_forward_max_concurrent_rejects_total`.
    public var rejects: UInt64 { rejectsAtTotal + rejectsOfClients + rejectsOfWaiters + displaced }
    /// Because too many were in flight, or their client had its part.
    public internal(set) var rejectsAtTotal: UInt64 = 0
    /// Because their client had too many in flight.
    public internal(set) var rejectsOfClients: UInt64 = 0
    /// Because too many waited for the same question.
    public internal(set) var rejectsOfWaiters: UInt64 = 0
    /// Ended before their time, for a question of a client that had fewer.
    public internal(set) var displaced: UInt64 = 0
    /// Further queries of a question that waited for want of a socket.
    public internal(set) var withheldQueries: UInt64 = 0
    /// Own queries that came back.
    public internal(set) var loops: UInt64 = 0
    /// One for each upstream, in the order of the configuration.
    public internal(set) var upstreams: [UpstreamStatistics] = []
    public internal(set) var cache = CacheStatistics()
}
