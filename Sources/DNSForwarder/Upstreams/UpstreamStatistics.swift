internal import DNSWire

/// What one upstream was asked and did, for CoreDNS's `coredns_forward_*{to}` and `coredns_proxy_*{to}`.
public struct UpstreamStatistics: Sendable, Hashable {
    /// The label `to`.
    public let upstream: String
    /// Queries sent, repetitions included: `coredns_forward_requests_total`.
    public var requests: UInt64 = 0
    /// Queries to which nothing came in time.
    public var timeouts: UInt64 = 0
    /// Sockets that failed: refused, unreachable, TLS that did not come about.
    public var networkErrors: UInt64 = 0
    /// Datagrams that were no answer to the query: forged, late or confused.
    public var mismatches: UInt64 = 0
    /// Answers whose question came back in other case, asked again over TCP.
    public var caseChanges: UInt64 = 0
    /// Answers with TC, asked again over TCP.
    public var truncations: UInt64 = 0
    /// Answers that could not be read.
    public var malformed: UInt64 = 0
    /// Queries on a connection that was there: `coredns_proxy_conn_cache_hits_total`.
    public var connectionHits: UInt64 = 0
    /// Queries that had a connection made for them: `coredns_proxy_conn_cache_misses_total`.
    public var connectionMisses: UInt64 = 0
    /// Seconds of the smoothed round trip; nil before the first answer.
    public var smoothedRoundTrip: Double?
    /// Answers by response code, then by duration: the observations of `coredns_proxy_request_duration_seconds`.
    public internal(set) var answers: [ResponseGroup: DurationCounts] = [:]

    init(upstream: String) { self.upstream = upstream }

    mutating func count(_ code: ResponseCode, after time: Duration) {
        answers[ResponseGroup(code), default: DurationCounts()].count(time)
    }

    /// Response codes as a label with few values.
    public enum ResponseGroup: String, Sendable, Hashable, CaseIterable {
        case noError = "NOERROR"
        case formatError = "FORMERR"
        case serverFailure = "SERVFAIL"
        case nameError = "NXDOMAIN"
        case notImplemented = "NOTIMP"
        case refused = "REFUSED"
        case other

        init(_ code: ResponseCode) { self = Self(rawValue: code.description) ?? .other }
    }
}

/// A histogram with CoreDNS's buckets.
public struct DurationCounts: Sendable, Hashable {
    /// Upper ends in seconds: 0.00025 doubled 15 times, to 8.192.
    public static let bounds: [Double] = (0..<16).map { 0.00025 * Double(1 << $0) }

    /// Observations in each bucket, not cumulative; the last is beyond every bound.
    public internal(set) var buckets = [UInt64](repeating: 0, count: bounds.count + 1)
    /// Seconds.
    public internal(set) var sum = 0.0

    public var count: UInt64 { buckets.reduce(0, +) }

    mutating func count(_ time: Duration) {
        let seconds = time / .seconds(1)
        buckets[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += seconds
    }
}
