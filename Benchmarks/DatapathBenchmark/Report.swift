import Measuring

/// Everything measured, as JSON for machines; units are in the names.
struct Report: Codable, Sendable {
    /// Medians of the rounds.
    struct Row: Codable, Sendable {
        var way: String
        var services: Int
        var newConnectionsPerSecond: Double
        var keptRequestsPerSecond: Double
        var requestMicrosecondsP99: Double
        var gigabitsPerSecond: Double
        /// Of 64 streams together.
        var gigabitsPerSecond64: Double
        /// Of the relay's process, for a gigabyte (10^9) of the one stream; nil where no process relays.
        var cpuSecondsPerGigabyte: Double?
        var udpPacketsPerSecond: Double?
        var connectMicroseconds: Latency
        var ratioToDirect: Ratio?
        var ratioToHAProxy: Ratio?
        var ratioToNginx: Ratio?

        init(way: Way, services: Int, samples: [Sample]) {
            self.way = way.rawValue
            self.services = services
            newConnectionsPerSecond = samples.map(\.newConnectionsPerSecond).median
            keptRequestsPerSecond = samples.map(\.keptRequestsPerSecond).median
            requestMicrosecondsP99 = samples.map(\.requestMicrosecondsP99).median
            gigabitsPerSecond = samples.map(\.gigabitsPerSecond).median
            gigabitsPerSecond64 = samples.map(\.gigabitsPerSecond64).median
            let processor = samples.compactMap(\.cpuSecondsPerGigabyte)
            cpuSecondsPerGigabyte = processor.isEmpty ? nil : processor.median
            let packets = samples.compactMap(\.udpPacketsPerSecond)
            udpPacketsPerSecond = packets.isEmpty ? nil : packets.median
            connectMicroseconds = Latency(medians: samples.map(\.connectMicroseconds))
        }
    }

    /// One client opening connections for so long that its ports come round.
    struct Reuse: Codable, Sendable {
        var way: String
        var seconds: Int
        var firstNewConnectionsPerSecond: Double
        var lastNewConnectionsPerSecond: Double
        var lowestNewConnectionsPerSecond: Double
    }

    var rows: [Row] = []
    var reuse: [Reuse] = []
    /// Kernel memory of the eBPF maps, by number of Services.
    var mapMegabytes: [String: Double] = [:]
    var failures: [FailureRow] = []

    /// With the same number of Services in the same run.
    mutating func compare() {
        for index in rows.indices {
            let row = rows[index]
            func ratio(to way: Way) -> Ratio? {
                rows.first { $0.way == way.rawValue && $0.services == row.services }.map { Ratio(row, to: $0) }
            }
            rows[index].ratioToDirect = ratio(to: .direct)
            rows[index].ratioToHAProxy = ratio(to: .haproxy)
            rows[index].ratioToNginx = ratio(to: .nginx)
        }
    }
}

/// One way with a backend at fault; latencies are medians of the rounds.
struct FailureRow: Codable, Sendable {
    var way: String
    var fault: String
    /// Of all rounds together, as the other counts are.
    var connections: Int
    var underWay: Int
    var failed: Int
    var firstFailure: String?
    /// Nil where the way does not count them.
    var retried: Int?
    /// From connect() to the first byte.
    var firstByteMicroseconds: Latency
    /// Of the slowest connections, as many as were retried: an upper bound.
    var retriedMicroseconds: Latency?
}
