import ArgumentParser
import FoundationEssentials
import Glibc
import LinuxSystem
import Measuring

/// Measures how long a cluster takes from a snapshot to committed kernel tables, and each kind of
/// change after that. Runs in a network namespace of its own, against the real kernel.
@main
struct SyncBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "sync-benchmark")

    @Option(help: "Numbers of Services, a comma-separated list.")
    var services = "1000,10000,30000,100000"

    @Option(help: "Mean number of endpoints a Service.")
    var endpoints = 5

    @Option(
        help: """
            What to measure, a comma-separated list: nftables, ebpf, and kube-proxy-layout for the peer's chain and map \
            for each Service.
            """)
    var mode = "nftables,ebpf"

    @Option(help: "Samples of each kind of change.")
    var samples = 200

    @Option(help: "Seed of the made-up cluster.")
    var seed: UInt64 = 1

    @Flag(help: "A tenth of the Services with session affinity, another tenth with source ranges.")
    var extras = false

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(help: "Measure reading this many Services and slices from manifest files, JSON and YAML, instead.")
    var manifests: Int?

    @Option(help: "Print the table of a JSON report instead of measuring.")
    var printTable: String?

    @Option(help: .hidden)
    var loadProbe: LoadProbe?

    /// The folder of pins and the cgroup of an ebpf probe, with a comma between them.
    @Option(help: .hidden)
    var pins: String?

    @Option(help: .hidden)
    var manifestProbe: String?

    mutating func validate() throws {
        guard !modes.isEmpty, Set(modes).isSubset(of: ["nftables", "ebpf", "kube-proxy-layout"]) else {
            throw ValidationError("--mode \(mode): expected some of nftables, ebpf and kube-proxy-layout")
        }
        guard endpoints > 0, samples > 0 else { throw ValidationError("--endpoints and --samples must be positive") }
        guard !sizes.isEmpty else { throw ValidationError("--services \(services): expected numbers, as 1000,10000") }
    }

    private var modes: [String] { mode.split(separator: ",").map(String.init) }
    private var sizes: [Int] { services.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 } }

    mutating func run() throws {
        if let printTable {
            let report = try JSONDecoder().decode(Report.self, from: try Data(contentsOf: URL(filePath: printTable)))
            return print(Table(rows: report.rows).text)
        }
        if let manifestProbe { return try ManifestMeasurement.probe(manifestProbe) }
        if let manifests { return try ManifestMeasurement(count: manifests, seed: seed).run(json: json) }
        if let loadProbe { return print(try measurement(sizes[0], probedPins()).load(expectingLoaded: loadProbe == .again)) }
        // A process and a namespace for each: memory and kernel tables start from nothing.
        let isSingle = sizes.count * modes.count == 1
        var rows: [Row] = []
        for size in sizes {
            for mode in modes { rows.append(isSingle ? try measure(size, mode) : try child(size, mode)) }
        }
        if json {
            print(try Report(rows: rows).reportJSON())
        } else {
            print(Table(rows: rows).text)
        }
    }

    private func cluster(_ size: Int) -> ClusterSize {
        ClusterSize(services: size, meanEndpoints: endpoints, seed: seed, hasExtras: extras)
    }

    private func measurement(_ size: Int, _ pins: BPFPins?) -> Measurement {
        Measurement(cluster: cluster(size), samples: samples, pins: pins)
    }

    private func measure(_ size: Int, _ mode: String) throws -> Row {
        let command = self
        if mode == "kube-proxy-layout" {
            let (endpoints, samples, seed) = (endpoints, samples, seed)
            return try NetworkNamespace.make().insideBlocking {
                try PeerLayout(services: size, meanEndpoints: endpoints, samples: samples, seed: seed).measure()
            }
        }
        var row = try NetworkNamespace.make().insideBlocking {
            try Self.withPins(mode) { try command.measurement(size, $0).measure() }
        }
        row.restartSeconds = try NetworkNamespace.make().insideBlocking {
            try Self.withPins(mode) { pins in
                _ = try command.probe(size, .first, pins)
                return try command.probe(size, .again, pins)
            }
        }
        return row
    }

    private static func withPins<T>(_ mode: String, _ body: (BPFPins?) throws -> T) throws -> T {
        mode == "ebpf" ? try BPFPins.withTemporary(body) : try body(nil)
    }

    /// Has a process of its own load the cluster. Returns the seconds it took.
    private func probe(_ size: Int, _ probe: LoadProbe, _ pins: BPFPins?) throws -> Double {
        let output = try OwnProgram.output(
            arguments(size, pins == nil ? "nftables" : "ebpf") + ["--load-probe", probe.rawValue]
                + (pins.map { ["--pins", "\($0.pinPath),\($0.cgroup)"] } ?? []))
        guard let seconds = Double(output.split(separator: "\n").first ?? "") else {
            throw MeasurementError(description: "the \(probe) load printed \"\(output)\"")
        }
        return seconds
    }

    private func probedPins() throws -> BPFPins? {
        guard let parts = pins?.split(separator: ",", maxSplits: 1).map(String.init) else { return nil }
        guard parts.count == 2 else { throw ValidationError("--pins: expected FOLDER,CGROUP") }
        return BPFPins(pinPath: parts[0], cgroup: parts[1])
    }

    private func arguments(_ size: Int, _ mode: String) -> [String] {
        ["--services", "\(size)", "--endpoints", "\(endpoints)", "--mode", mode, "--seed", "\(seed)"]
            + (extras ? ["--extras"] : [])
    }

    private func child(_ size: Int, _ mode: String) throws -> Row {
        let output = try OwnProgram.output(arguments(size, mode) + ["--samples", "\(samples)", "--json"])
        let rows = try JSONDecoder().decode(Report.self, from: Data(output.utf8)).rows
        guard let row = rows.first else { throw MeasurementError(description: "no row in \(output)") }
        return row
    }
}

/// Whether a load finds nothing in the kernel, or what an earlier process left.
enum LoadProbe: String, ExpressibleByArgument {
    case first
    case again
}

/// The rows as a table for people.
struct Table {
    let rows: [Row]

    var text: String {
        let header = [
            "services", "mode", "open s", "first sync s", "change ms p50/p99", "shrink", "grow", "add", "remove", "restart s", "resident MB",
            "peak MB", "chains", "rules", "maps MB",
        ]
        return TextTable(lines: [header] + rows.map(cells)).text.joined(separator: "\n")
    }

    private func cells(_ row: Row) -> [String] {
        func pair(_ value: Row.Percentiles) -> String { "\(value.p50.text)/\(value.p99.text)" }
        return [
            "\(row.services)", row.mode, row.openSeconds.text, row.firstSyncSeconds.text, pair(row.changeMilliseconds),
            pair(row.shrinkMilliseconds), pair(row.growMilliseconds), pair(row.addMilliseconds),
            pair(row.removeMilliseconds), row.restartSeconds.text, row.residentMegabytes.text,
            row.peakMegabytes.text, "\(row.chains)", "\(row.rules)",
            row.mapMegabytes.text,
        ]
    }
}
