/// Everything measured, as JSON for machines; units are in the names.
struct Report: Codable, Sendable {
    /// First lists; medians of the rounds.
    struct Row: Codable, Sendable {
        var name: String
        var services: Int
        var endpoints: Int
        var pods: Int
        /// From the start of the program until everything was listed and decided on, by its log.
        var listedSeconds: Double?
        /// Until the first table was committed and the page for it said so.
        var readySeconds: Double
        var bestReadySeconds: Double
        /// User and system time until then.
        var processorSeconds: Double
        /// Of the API server meanwhile.
        var serverProcessorSeconds: Double
        /// VmRSS, two seconds later.
        var residentMegabytes: Double
        /// VmHWM.
        var peakMegabytes: Double

        init(_ way: Way, _ samples: [FirstList], _ size: TestBed.Size) {
            (name, services, endpoints) = (way.title, size.services, size.endpoints)
            pods = way.listsPods ? size.pods : 0
            let listed = samples.compactMap(\.listed)
            listedSeconds = listed.isEmpty ? nil : listed.percentile(0.5)
            readySeconds = samples.map(\.ready).percentile(0.5)
            bestReadySeconds = samples.map(\.ready).min() ?? 0
            processorSeconds = samples.map(\.processorSeconds).percentile(0.5)
            serverProcessorSeconds = samples.map(\.serverProcessorSeconds).percentile(0.5)
            residentMegabytes = samples.map { Double($0.residentBytes) / 1e6 }.percentile(0.5)
            peakMegabytes = samples.map { Double($0.peakBytes) / 1e6 }.percentile(0.5)
        }
    }

    /// A list read by a client that throws it away: what the API server and the way to it take.
    struct Transfer: Codable, Sendable {
        var resource: String
        var format: String
        var megabytes: Double
        var seconds: Double
    }

    /// From a write at the server to the commit; medians of the rounds.
    struct Changes: Codable, Sendable {
        var name: String
        /// As it came out.
        var perSecond: Double
        var rounds: Int
        /// In all rounds.
        var changes: Int
        /// Of them, those that were seen in a commit.
        var arrived: Int
        var p50Milliseconds: Double
        var p99Milliseconds: Double
        /// Of all rounds.
        var maxMilliseconds: Double
        /// From the first change to the last commit.
        var seconds: Double
        /// User and system time of the daemon in these seconds.
        var processorSeconds: Double
        var serverProcessorSeconds: Double
        var residentMegabytes: Double

        init(_ way: Way, _ samples: [ChangeSample]) {
            (name, rounds) = (way.title, samples.count)
            perSecond = samples.map { Double($0.changes) / max($0.seconds, 0.001) }.percentile(0.5)
            changes = samples.reduce(0) { $0 + $1.changes }
            arrived = samples.reduce(0) { $0 + $1.milliseconds.count }
            p50Milliseconds = samples.map { $0.milliseconds.percentile(0.5) }.percentile(0.5)
            p99Milliseconds = samples.map { $0.milliseconds.percentile(0.99) }.percentile(0.5)
            maxMilliseconds = samples.compactMap { $0.milliseconds.max() }.max() ?? 0
            seconds = samples.map(\.seconds).percentile(0.5)
            processorSeconds = samples.map(\.processorSeconds).percentile(0.5)
            serverProcessorSeconds = samples.map(\.serverProcessorSeconds).percentile(0.5)
            residentMegabytes = samples.map { Double($0.residentBytes) / 1e6 }.percentile(0.5)
        }
    }

    var rows: [Row]
    var transfers: [Transfer]
    var changes: [Changes]

    var text: String {
        [rows.isEmpty ? "" : rowsText, transfersText, changes.isEmpty ? "" : changesText].filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private var rowsText: String {
        Self.table(
            ["first list", "Services", "pods", "listed s", "ready s", "best", "CPU s", "server CPU s", "resident MB", "peak MB"],
            rows.map {
                [
                    $0.name, "\($0.services)", "\($0.pods)", $0.listedSeconds?.text ?? "-", $0.readySeconds.text,
                    $0.bestReadySeconds.text, $0.processorSeconds.text, $0.serverProcessorSeconds.text,
                    $0.residentMegabytes.text, $0.peakMegabytes.text,
                ]
            })
    }

    private var transfersText: String {
        Self.table(
            ["the list alone", "format", "MB", "seconds"],
            transfers.map { [$0.resource, $0.format, $0.megabytes.text, $0.seconds.text] })
    }

    private var changesText: String {
        Self.table(
            ["changes", "a second", "arrived", "p50 ms", "p99 ms", "max ms", "CPU s", "server CPU s", "resident MB"],
            changes.map {
                [
                    $0.name, $0.perSecond.text, "\($0.arrived)/\($0.changes)", $0.p50Milliseconds.text, $0.p99Milliseconds.text,
                    $0.maxMilliseconds.text, $0.processorSeconds.text, $0.serverProcessorSeconds.text, $0.residentMegabytes.text,
                ]
            })
    }

    /// The first column to the left, the others to the right.
    private static func table(_ header: [String], _ rows: [[String]]) -> String {
        let lines = [header] + rows
        let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            line.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - line[column].count)
                return column == 0 ? line[column] + space : space + line[column]
            }.joined(separator: "  ")
        }.joined(separator: "\n")
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
}

extension Double {
    /// Three digits.
    var text: String {
        let scaled = Int((self * 1000).rounded())
        let fraction = String(scaled % 1000)
        return "\(scaled / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
