/// Everything measured, as JSON for machines; units are in the names.
struct Report: Codable, Sendable {
    /// Medians of the rounds.
    struct Row: Codable, Sendable {
        var way: String
        var services: Int
        var newConnectionsPerSecond: Double
        var keptRequestsPerSecond: Double
        var gigabitsPerSecond: Double
        var udpPacketsPerSecond: Double?
        var connectMicroseconds: Latency
        var ratioToDirect: Ratio?

        init(way: Way, services: Int, samples: [Sample]) {
            self.way = way.rawValue
            self.services = services
            newConnectionsPerSecond = samples.map(\.newConnectionsPerSecond).median
            keptRequestsPerSecond = samples.map(\.keptRequestsPerSecond).median
            gigabitsPerSecond = samples.map(\.gigabitsPerSecond).median
            let packets = samples.compactMap(\.udpPacketsPerSecond)
            udpPacketsPerSecond = packets.isEmpty ? nil : packets.median
            connectMicroseconds = Latency(
                p50: samples.map(\.connectMicroseconds.p50).median, p99: samples.map(\.connectMicroseconds.p99).median,
                p999: samples.map(\.connectMicroseconds.p999).median)
        }
    }

    /// 1 is as fast as a direct connection of the same run.
    struct Ratio: Codable, Sendable {
        var newConnections: Double
        var keptRequests: Double
        var throughput: Double
        var udpPackets: Double?
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

    mutating func compareWithDirect() {
        for index in rows.indices {
            let row = rows[index]
            guard let direct = rows.first(where: { $0.way == Way.direct.rawValue && $0.services == row.services }) else { continue }
            rows[index].ratioToDirect = Ratio(
                newConnections: row.newConnectionsPerSecond / direct.newConnectionsPerSecond,
                keptRequests: row.keptRequestsPerSecond / direct.keptRequestsPerSecond,
                throughput: row.gigabitsPerSecond / direct.gigabitsPerSecond,
                udpPackets: row.udpPacketsPerSecond.flatMap { own in direct.udpPacketsPerSecond.map { own / $0 } })
        }
    }

    var text: String {
        let header = [
            "way", "Services", "new conn/s", "kept req/s", "Gbit/s", "UDP pkt/s", "connect us p50", "p99", "p999", "to direct: new",
            "kept", "stream", "UDP",
        ]
        let lines = [header] + rows.map { row in
            [
                row.way, "\(row.services)", "\(Int(row.newConnectionsPerSecond))", "\(Int(row.keptRequestsPerSecond))",
                row.gigabitsPerSecond.text, row.udpPacketsPerSecond.map { "\(Int($0))" } ?? "-",
                row.connectMicroseconds.p50.text, row.connectMicroseconds.p99.text, row.connectMicroseconds.p999.text,
                row.ratioToDirect?.newConnections.text ?? "-", row.ratioToDirect?.keptRequests.text ?? "-",
                row.ratioToDirect?.throughput.text ?? "-", row.ratioToDirect?.udpPackets?.text ?? "-",
            ]
        }
        let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        let table = lines.map { line in
            zip(line, widths).map { cell, width in String(repeating: " ", count: width - cell.count) + cell }
                .joined(separator: "  ")
        }
        let ports = reuse.map {
            "\($0.way): one client's ports come round for \($0.seconds) s: \(Int($0.firstNewConnectionsPerSecond)) new connections/s at "
                + "first, \(Int($0.lastNewConnectionsPerSecond)) at last, \(Int($0.lowestNewConnectionsPerSecond)) at worst"
        }
        let memory = mapMegabytes.sorted { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }.map {
            "eBPF maps at \($0.key) Services: \($0.value.text) MB of kernel memory"
        }
        return (table + ports + memory).joined(separator: "\n")
    }
}

extension [Double] {
    /// Nearest rank.
    func percentile(_ share: Double) -> Double {
        let sorted = sorted()
        guard !sorted.isEmpty else { return 0 }
        let index = Int((share * Double(sorted.count)).rounded(.up)) - 1
        return sorted[Swift.max(0, Swift.min(sorted.count - 1, index))]
    }

    var median: Double { percentile(0.5) }
}

extension Double {
    /// Three digits.
    var text: String {
        let scaled = Int((self * 1000).rounded())
        let fraction = String(scaled % 1000)
        return "\(scaled / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
