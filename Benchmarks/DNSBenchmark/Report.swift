import Measuring

/// Everything measured, as JSON for machines; units are in the names.
struct Report: Codable, Sendable {
    struct Row: Codable, Sendable {
        var server: String
        var mix: String
        var services: Int
        /// Median of the rounds.
        var queriesPerSecond: Double
        var bestQueriesPerSecond: Double
        /// User and system time of the server at those rates; median of the rounds.
        var cpuMicrosecondsPerQuery: Double
        /// At half of the median rate.
        var p50Milliseconds: Double
        var p99Milliseconds: Double
        /// VmRSS of all its processes, after the first mix.
        var residentMegabytes: Double
        var ratioToNSD: Double?
    }

    /// One endpoint replaced, from its file's rename to the first answer that has it.
    struct Change: Codable, Sendable {
        var services: Int
        /// Asked for meanwhile, and answered.
        var queriesPerSecond: Double
        var samples: Int
        var p50Milliseconds: Double
        var p99Milliseconds: Double
    }

    var rows: [Row] = []
    var changes: [Change] = []

    mutating func compareWithNSD() {
        for index in rows.indices {
            let peer = rows.first {
                $0.server == "nsd" && $0.mix == rows[index].mix && $0.services == rows[index].services
            }
            rows[index].ratioToNSD = peer.map { rows[index].queriesPerSecond / $0.queriesPerSecond }
        }
    }

    var text: String {
        let header = ["server", "mix", "Services", "queries/s", "best", "CPU us", "p50 ms", "p99 ms", "resident MB", "to NSD"]
        let lines = [header] + rows.map { row in
            [
                row.server, row.mix, "\(row.services)", "\(Int(row.queriesPerSecond))", "\(Int(row.bestQueriesPerSecond))",
                row.cpuMicrosecondsPerQuery.text, row.p50Milliseconds.text, row.p99Milliseconds.text, row.residentMegabytes.text,
                row.ratioToNSD.text,
            ]
        }
        return (TextTable(lines: lines).text + changes.map { change in
            "one endpoint changed at \(change.services) Services and \(Int(change.queriesPerSecond)) queries/s: "
                + "visible after p50 \(change.p50Milliseconds.text) ms, p99 \(change.p99Milliseconds.text) ms (\(change.samples) changes)"
        }).joined(separator: "\n")
    }
}
