import Measuring

extension Report {
    var text: String {
        var parts: [[String]] = []
        if !rows.isEmpty { parts.append(figures.text) }
        if ratios.lines.count > 1 { parts.append(ratios.text) }
        if !failures.isEmpty { parts.append(faults.text) }
        return (parts.map { $0 + [""] }.flatMap { $0 } + ports + memory).joined(separator: "\n")
    }

    private var figures: TextTable {
        let header = [
            "way", "Services", "new conn/s", "kept req/s", "req us p99", "Gbit/s", "64 streams", "CPU s/GB", "UDP pkt/s",
            "connect us p50", "p99", "p999",
        ]
        return TextTable(
            lines: [header]
                + rows.map { row in
                    [
                        row.way, "\(row.services)", "\(Int(row.newConnectionsPerSecond))", "\(Int(row.keptRequestsPerSecond))",
                        row.requestMicrosecondsP99.text, row.gigabitsPerSecond.text, row.gigabitsPerSecond64.text,
                        row.cpuSecondsPerGigabyte.text, row.udpPacketsPerSecond.map { "\(Int($0))" } ?? "-",
                        row.connectMicroseconds.p50.text, row.connectMicroseconds.p99.text, row.connectMicroseconds.p999.text,
                    ]
                })
    }

    private var ratios: TextTable {
        let header = [
            "1 is as good, more is better", "Services", "new", "kept", "req p99", "stream", "64 streams", "CPU", "UDP",
            "connect p50", "p99", "p999",
        ]
        let lines = rows.flatMap { row in
            compared(row).compactMap { other, ratio -> [String]? in
                guard let ratio, row.way != other.rawValue else { return nil }
                return [
                    "\(row.way) to \(other.rawValue)", "\(row.services)", ratio.newConnections.text, ratio.keptRequests.text,
                    ratio.requestP99.text, ratio.throughput.text, ratio.throughput64.text, ratio.cpu.text,
                    ratio.udpPackets.text, ratio.connectP50.text, ratio.connectP99.text, ratio.connectP999.text,
                ]
            }
        }
        return TextTable(lines: [header] + lines)
    }

    /// Everything with direct connections, relays with each other; the JSON has all pairs.
    private func compared(_ row: Row) -> [(Way, Ratio?)] {
        let toDirect = (Way.direct, row.ratioToDirect)
        return switch Way(rawValue: row.way) {
        case .userspace, .userspaceBound: [toDirect, (.haproxy, row.ratioToHAProxy), (.nginx, row.ratioToNginx)]
        case .nginx: [toDirect, (.haproxy, row.ratioToHAProxy)]
        default: [toDirect]
        }
    }

    private var faults: TextTable {
        let header = [
            "way", "one of three backends", "connections", "under way", "failed", "retried", "first byte us p50", "p99", "p999",
            "retried us p50", "p99", "p999",
        ]
        return TextTable(
            lines: [header]
                + failures.map { row in
                    [
                        row.way, row.fault, "\(row.connections)", "\(row.underWay)", "\(row.failed)",
                        row.retried.map { "\($0)" } ?? "-", row.firstByteMicroseconds.p50.text,
                        row.firstByteMicroseconds.p99.text, row.firstByteMicroseconds.p999.text,
                        (row.retriedMicroseconds?.p50).text, (row.retriedMicroseconds?.p99).text,
                        (row.retriedMicroseconds?.p999).text,
                    ]
                })
    }

    private var ports: [String] {
        reuse.map {
            "\($0.way): one client's ports come round for \($0.seconds) s: \(Int($0.firstNewConnectionsPerSecond)) new connections/s at "
                + "first, \(Int($0.lastNewConnectionsPerSecond)) at last, \(Int($0.lowestNewConnectionsPerSecond)) at worst"
        }
    }

    private var memory: [String] {
        mapMegabytes.sorted { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }.map {
            "eBPF maps at \($0.key) Services: \($0.value.text) MB of kernel memory"
        }
    }
}
