/// One record of the zone.
struct ZoneRow: Row {
    var name: String
    /// Seconds.
    var ttl: UInt32
    var `class`: String
    var type: String
    var data: String

    static let header = ["NAME", "TTL", "CLASS", "TYPE", "DATA"]
    var columns: [String] { [name, String(ttl), `class`, type, data] }
}

/// How cluster DNS fares.
struct DNSDocument: Codable, Sendable {
    struct Upstream: Codable, Sendable {
        var server: String
        var queries: UInt64
        var timeouts: UInt64
        var errors: UInt64
        /// Smoothed; nil before the first answer.
        var roundTripMilliseconds: Double?
    }

    struct Cache: Codable, Sendable {
        var entries: Int
        var bytes: Int
        var hits: UInt64
        var misses: UInt64
    }

    /// A client or a name, and how often it was seen.
    struct Frequent: Codable, Sendable {
        var name: String
        /// Estimated from a sample.
        var queries: UInt64
        /// By how much `queries` may be too high, beside chance.
        var error: UInt64
    }

    /// Of the last five to ten minutes, the most frequent first.
    struct Top: Codable, Sendable {
        var clients: [Frequent]
        var names: [Frequent]
        /// All of that time, estimated.
        var queries: UInt64
        /// What that is estimated from.
        var sampled: UInt64
    }

    var processID: Int32
    var domain: String
    /// Where DNS is answered, ADDR:PORT.
    var listeners: [String]
    /// `unsynced`, `restored` or `synced`.
    var zone: String
    var ready: Bool
    /// Why not, nil when ready.
    var reason: String?
    /// `connected`, `lost` or `resynchronising`; `not heard from yet` before its first list.
    var source: String
    /// Seconds; nil when nothing is known.
    var dataAge: Double?
    var names: Int
    var pointers: Int
    var queries: UInt64
    /// By name, as NXDOMAIN.
    var responseCodes: [String: UInt64]
    var dropped: UInt64
    var truncated: UInt64
    /// NXDOMAIN answers that clients beyond their rate did not get, or got as an empty truncated one.
    var withheldNameErrors: UInt64
    var truncatedNameErrors: UInt64
    /// Answered with a name further on in the client's search path.
    var searches: UInt64
    /// Missing in the query log; nil: no log.
    var queryLogDropped: UInt64?
    var tcpConnections: Int
    /// Nil: nobody is asked about other names.
    var cache: Cache?
    var upstreams: [Upstream]
    var top: Top

    /// One line a fact.
    var text: String {
        let codes = responseCodes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
        var lines = [
            "process:          \(processID)", "domain:           \(domain)",
            "listeners:        \(ServiceRow.joined(listeners))", "zone:             \(zone)",
            "ready:            \(ready)\(reason.map { ", \($0)" } ?? "")",
            "source:           \(source)",
            "age of data:      \(dataAge.map { "\(Int($0))s" } ?? "unknown")", "names:            \(names)",
            "addresses:        \(pointers)", "queries:          \(queries)",
            "answers:          \(codes.isEmpty ? "<none>" : codes.joined(separator: ", "))",
            "dropped:          \(dropped)", "truncated:        \(truncated)", "tcp connections:  \(tcpConnections)",
        ]
        if withheldNameErrors + truncatedNameErrors > 0 {
            lines.append("beyond rate:      \(withheldNameErrors) NXDOMAIN withheld, \(truncatedNameErrors) truncated")
        }
        if searches > 0 { lines.append("searches:         \(searches)") }
        if let queryLogDropped { lines.append("not logged:       \(queryLogDropped)") }
        if let cache {
            lines.append("cache:            \(cache.entries) answers, \(cache.bytes) bytes, \(cache.hits) hits, \(cache.misses) misses")
        }
        for upstream in upstreams {
            let time = upstream.roundTripMilliseconds.map { "\(($0 * 100).rounded() / 100) ms" } ?? "not asked yet"
            lines.append("upstream:         \(upstream.server) \(time), \(upstream.queries) queries, \(upstream.timeouts) timeouts, \(upstream.errors) errors")
        }
        return (lines + topLines).joined(separator: "\n")
    }

    /// What was seen often, or nothing.
    private var topLines: [String] {
        guard top.sampled > 0 else { return [] }
        let lists = [("client:           ", top.clients), ("name:             ", top.names)]
        return ["lately:           about \(top.queries) queries, estimated from \(top.sampled)"]
            + lists.flatMap { title, list in list.map { "\(title)\($0.name) \($0.queries)" } }
    }
}
