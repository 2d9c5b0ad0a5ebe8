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

    var processID: Int32
    var domain: String
    /// Where DNS is answered, ADDR:PORT.
    var listeners: [String]
    /// `unsynced`, `restored` or `synced`.
    var zone: String
    var ready: Bool
    /// Why not, nil when ready.
    var reason: String?
    /// Seconds; nil when nothing is known.
    var dataAge: Double?
    var names: Int
    var pointers: Int
    var queries: UInt64
    /// By name, as NXDOMAIN.
    var responseCodes: [String: UInt64]
    var dropped: UInt64
    var truncated: UInt64
    var tcpConnections: Int
    /// Nil: nobody is asked about other names.
    var cache: Cache?
    var upstreams: [Upstream]

    /// One line a fact.
    var text: String {
        let codes = responseCodes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
        var lines = [
            "process:          \(processID)", "domain:           \(domain)",
            "listeners:        \(ServiceRow.joined(listeners))", "zone:             \(zone)",
            "ready:            \(ready)\(reason.map { ", \($0)" } ?? "")",
            "age of data:      \(dataAge.map { "\(Int($0))s" } ?? "unknown")", "names:            \(names)",
            "addresses:        \(pointers)", "queries:          \(queries)",
            "answers:          \(codes.isEmpty ? "<none>" : codes.joined(separator: ", "))",
            "dropped:          \(dropped)", "truncated:        \(truncated)", "tcp connections:  \(tcpConnections)",
        ]
        if let cache {
            lines.append("cache:            \(cache.entries) answers, \(cache.bytes) bytes, \(cache.hits) hits, \(cache.misses) misses")
        }
        for upstream in upstreams {
            let time = upstream.roundTripMilliseconds.map { "\(($0 * 100).rounded() / 100) ms" } ?? "not asked yet"
            lines.append("upstream:         \(upstream.server) \(time), \(upstream.queries) queries, \(upstream.timeouts) timeouts, \(upstream.errors) errors")
        }
        return lines.joined(separator: "\n")
    }
}
