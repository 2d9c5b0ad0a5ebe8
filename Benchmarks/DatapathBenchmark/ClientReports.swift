import Measuring

/// What wrk prints with `--latency`.
struct WrkReport {
    let rate: Double
    let microsecondsP99: Double
    /// Lines about requests that failed.
    let faults: [String]

    init(_ text: String) throws {
        var (rate, p99): (Double?, Double?)
        var faults: [String] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.first == "Requests/sec:" { rate = words.last.flatMap { Double($0) } }
            if words.first == "99%" { p99 = words.last.flatMap { Self.microseconds($0) } }
            if words.first == "Socket" || words.first == "Non-2xx" { faults.append(words.joined(separator: " ")) }
        }
        guard let rate, let p99 else { throw MeasurementError(description: "wrk printed no rate or no latency: \(text)") }
        (self.rate, microsecondsP99, self.faults) = (rate, p99, faults)
    }

    /// Of `12.34us`, `1.23ms` or `1.00s`.
    private static func microseconds(_ text: Substring) -> Double? {
        for (unit, factor) in [("us", 1.0), ("ms", 1e3), ("s", 1e6)] where text.hasSuffix(unit) {
            return Double(text.dropLast(unit.count)).map { $0 * factor }
        }
        return nil
    }
}

/// What iperf3 prints with `-J`, as far as it is read.
struct IperfReport: Decodable {
    struct Sum: Decodable {
        var bytes: Double?
        var bits_per_second: Double?
        var packets: Double?
        var lost_packets: Double?
        var seconds: Double?
    }
    struct End: Decodable {
        var sum: Sum?
        var sum_received: Sum?
    }
    var end: End

    /// Those that arrived.
    var packetsPerSecond: Double {
        guard let sum = end.sum, let packets = sum.packets, let seconds = sum.seconds, seconds > 0 else { return 0 }
        return (packets - (sum.lost_packets ?? 0)) / seconds
    }
}
