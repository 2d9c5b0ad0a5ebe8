/// What a forwarder keeps, and how long.
public struct CachePolicy: Sendable, Hashable {
    /// Bytes of all answers kept, by their estimate; 0 turns the cache off. 16 MiB are about 30 000 usual answers.
    public var byteLimit = 16 << 20
    /// Seconds that an answer is kept at least. An answer with a time to live of 0 is not kept whatever this says.
    public var minimumTimeToLive: UInt32 = 0
    /// Seconds that an answer is kept at most: CoreDNS's limit.
    public var maximumTimeToLive: UInt32 = 3600
    /// Seconds that NXDOMAIN and "no data" are kept at most (RFC 2308 section 5); CoreDNS's limit.
    public var maximumNegativeTimeToLive: UInt32 = 1800
    /// Seconds that a failure is kept: RFC 9520 section 3.2 wants at least 1; more than 5 keeps a cured upstream away.
    public var failureTimeToLive: UInt32 = 5
    /// Seconds after its end that an answer may stand in for upstreams that fail (RFC 8767); 0 turns that off.
    public var staleTime: UInt32 = 3600
    /// Seconds to live of an answer that has expired (RFC 8767 section 4).
    public var staleTimeToLive: UInt32 = 30
    /// Hits after which an answer near its end is asked again ahead of time; 0 turns that off.
    public var prefetchHits: UInt32 = 3
    /// The last part of an answer's life in which it is asked again, in percent.
    public var prefetchPercentage = 10
    /// Answers that live fewer seconds are not asked ahead: it would be a query a second.
    public var prefetchMinimumTimeToLive: UInt32 = 10

    public init() {}
}
