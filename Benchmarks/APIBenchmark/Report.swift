import Measuring

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
            listedSeconds = listed.isEmpty ? nil : listed.median
            readySeconds = samples.map(\.ready).median
            bestReadySeconds = samples.map(\.ready).min() ?? 0
            processorSeconds = samples.map(\.processorSeconds).median
            serverProcessorSeconds = samples.map(\.serverProcessorSeconds).median
            residentMegabytes = samples.map { Double($0.residentBytes) / 1e6 }.median
            peakMegabytes = samples.map { Double($0.peakBytes) / 1e6 }.median
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
            perSecond = samples.map { Double($0.changes) / max($0.seconds, 0.001) }.median
            changes = samples.reduce(0) { $0 + $1.changes }
            arrived = samples.reduce(0) { $0 + $1.milliseconds.count }
            p50Milliseconds = samples.map { $0.milliseconds.median }.median
            p99Milliseconds = samples.map { $0.milliseconds.percentile(0.99) }.median
            maxMilliseconds = samples.compactMap { $0.milliseconds.max() }.max() ?? 0
            seconds = samples.map(\.seconds).median
            processorSeconds = samples.map(\.processorSeconds).median
            serverProcessorSeconds = samples.map(\.serverProcessorSeconds).median
            residentMegabytes = samples.map { Double($0.residentBytes) / 1e6 }.median
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
                    $0.name, "\($0.services)", "\($0.pods)", $0.listedSeconds.text, $0.readySeconds.text,
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

    private static func table(_ header: [String], _ rows: [[String]]) -> String {
        TextTable(lines: [header] + rows, namesRows: true).text.joined(separator: "\n")
    }
}
