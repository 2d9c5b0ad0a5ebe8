/// What a cache holds and did, for CoreDNS's `coredns_cache_*`.
public struct CacheStatistics: Sendable, Hashable {
    /// Answers kept, by kind: `success`, then `denial`. A failure counts as denial.
    var entries = [0, 0]
    var hits: [UInt64] = [0, 0]

    /// `coredns_cache_entries{type="success"}`.
    public var successEntries: Int { entries[0] }
    /// `coredns_cache_entries{type="denial"}`.
    public var denialEntries: Int { entries[1] }
    /// `coredns_cache_hits_total{type="success"}`.
    public var successHits: UInt64 { hits[0] }
    /// `coredns_cache_hits_total{type="denial"}`.
    public var denialHits: UInt64 { hits[1] }
    /// `coredns_cache_misses_total`.
    public var misses: UInt64 = 0
    /// `coredns_cache_requests_total`.
    public var requests: UInt64 { successHits + denialHits + misses }
    /// `coredns_cache_prefetch_total`.
    public var prefetches: UInt64 = 0
    /// Answers that could not be kept: `coredns_cache_drops_total`.
    public var drops: UInt64 = 0
    /// `coredns_cache_served_stale_total`.
    public var servedStale: UInt64 = 0
    /// `coredns_cache_evictions_total`.
    public var evictions: UInt64 = 0
    /// By the estimate that the limit is held against.
    public var bytes = 0

    static func + (a: CacheStatistics, b: CacheStatistics) -> CacheStatistics {
        var sum = a
        for kind in 0..<2 {
            sum.entries[kind] += b.entries[kind]
            sum.hits[kind] += b.hits[kind]
        }
        sum.misses += b.misses
        sum.prefetches += b.prefetches
        sum.drops += b.drops
        sum.servedStale += b.servedStale
        sum.evictions += b.evictions
        sum.bytes += b.bytes
        return sum
    }
}
