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
        /// VmRSS, two seconds later.
        var residentMegabytes: Double
        /// VmHWM.
        var peakMegabytes: Double

        init(_ way: Way, _ samples: [FirstList], _ size: TestBed.Size) {
            (name, services, endpoints) = (way.rawValue, size.services, size.endpoints)
            pods = way.listsPods ? size.pods : 0
            let listed = samples.compactMap(\.listed)
            listedSeconds = listed.isEmpty ? nil : listed.percentile(0.5)
            readySeconds = samples.map(\.ready).percentile(0.5)
            bestReadySeconds = samples.map(\.ready).min() ?? 0
            processorSeconds = samples.map(\.processorSeconds).percentile(0.5)
            residentMegabytes = samples.map { Double($0.residentBytes) / 1e6 }.percentile(0.5)
            peakMegabytes = samples.map { Double($0.peakBytes) / 1e6 }.percentile(0.5)
        }
    }

    /// From a write at the server to the commit.
    struct Changes: Codable, Sendable {
        var name: String
        /// As it came out.
        var perSecond: Double
        var changes: Int
        /// Of them, those that were seen in a commit.
        var arrived: Int
        var p50Milliseconds: Double
        var p99Milliseconds: Double
        var maxMilliseconds: Double
        /// From the first change to the last commit.
        var seconds: Double
        /// User and system time of the daemon in these seconds.
        var processorSeconds: Double
        var serverProcessorSeconds: Double
        var residentMegabytes: Double
    }

    var rows: [Row] = []
    var changes: [Changes] = []

    var text: String {
        let first = Self.table(
            ["first list", "Services", "pods", "listed s", "ready s", "best", "CPU s", "resident MB", "peak MB"],
            rows.map {
                [
                    $0.name, "\($0.services)", "\($0.pods)", $0.listedSeconds?.text ?? "-", $0.readySeconds.text,
                    $0.bestReadySeconds.text, $0.processorSeconds.text, $0.residentMegabytes.text, $0.peakMegabytes.text,
                ]
            })
        if changes.isEmpty { return first }
        let second = Self.table(
            ["changes", "a second", "arrived", "p50 ms", "p99 ms", "max ms", "CPU s", "server CPU s", "resident MB"],
            changes.map {
                [
                    $0.name, $0.perSecond.text, "\($0.arrived)/\($0.changes)", $0.p50Milliseconds.text, $0.p99Milliseconds.text,
                    $0.maxMilliseconds.text, $0.processorSeconds.text, $0.serverProcessorSeconds.text, $0.residentMegabytes.text,
                ]
            })
        return first + "\n\n" + second
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
