import ArgumentParser
import FoundationEssentials
import Glibc
import LinuxSystem

/// Measures how long a cluster takes from a snapshot to committed kernel tables, and each kind of
/// change after that. Runs in a network namespace of its own, against the real kernel.
@main
struct SyncBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "sync-benchmark")

    @Option(help: "Numbers of Services, a comma-separated list.")
    var services = "1000,10000,30000,100000"

    @Option(help: "Mean number of endpoints a Service.")
    var endpoints = 5

    @Option(help: "Dataplane mode: nftables, or kube-proxy-layout for the peer's chain and map for each Service.")
    var mode = "nftables"

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

    @Flag(help: .hidden)
    var restartProbe = false

    @Option(help: .hidden)
    var manifestProbe: String?

    mutating func validate() throws {
        guard ["nftables", "kube-proxy-layout"].contains(mode) else {
            throw ValidationError("--mode \(mode): expected nftables or kube-proxy-layout")
        }
        guard endpoints > 0, samples > 0 else { throw ValidationError("--endpoints and --samples must be positive") }
        guard !sizes.isEmpty else { throw ValidationError("--services \(services): expected numbers, as 1000,10000") }
    }

    private var sizes: [Int] { services.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 } }

    mutating func run() throws {
        if let printTable {
            let report = try JSONDecoder().decode(Report.self, from: try Data(contentsOf: URL(filePath: printTable)))
            return print(Table(rows: report.rows).text)
        }
        if let manifestProbe { return try ManifestMeasurement.probe(manifestProbe) }
        if let manifests { return try ManifestMeasurement(count: manifests, seed: seed).run(json: json) }
        if restartProbe {
            print(try Measurement(services: sizes[0], meanEndpoints: endpoints, samples: 0, seed: seed, hasExtras: extras).restartSeconds())
            return
        }
        var rows: [Row] = []
        for size in sizes {
            // A process and a namespace for each size: memory and kernel tables start from nothing.
            rows.append(sizes.count > 1 ? try child(size) : try measure(size))
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            print(String(decoding: try encoder.encode(Report(rows: rows)), as: UTF8.self))
        } else {
            print(Table(rows: rows).text)
        }
    }

    private func measure(_ size: Int) throws -> Row {
        let (mode, endpoints, samples, seed, extras) = (mode, endpoints, samples, seed, extras)
        return try NetworkNamespace.make().insideBlocking {
            mode == "nftables"
                ? try Measurement(
                    services: size, meanEndpoints: endpoints, samples: samples, seed: seed, hasExtras: extras
                ).measure()
                : try PeerLayout(services: size, meanEndpoints: endpoints, samples: samples, seed: seed).measure()
        }
    }

    private func child(_ size: Int) throws -> Row {
        let output = try Child.output([
            "--services", "\(size)", "--endpoints", "\(endpoints)", "--mode", mode, "--samples", "\(samples)", "--seed",
            "\(seed)", "--json",
        ] + (extras ? ["--extras"] : []))
        let rows = try JSONDecoder().decode(Report.self, from: Data(output.utf8)).rows
        guard let row = rows.first else { throw MeasurementError(description: "no row in \(output)") }
        return row
    }
}

/// The rows as a table for people.
struct Table {
    let rows: [Row]

    var text: String {
        let header = [
            "services", "mode", "first sync s", "change ms p50/p99", "shrink", "grow", "add", "remove", "restart s", "resident MB",
            "peak MB", "chains", "rules",
        ]
        let lines = [header] + rows.map(cells)
        let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            zip(line, widths).map { cell, width in String(repeating: " ", count: width - cell.count) + cell }
                .joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private func cells(_ row: Row) -> [String] {
        func pair(_ value: Row.Percentiles) -> String { "\(rounded(value.p50))/\(rounded(value.p99))" }
        return [
            "\(row.services)", row.mode, rounded(row.firstSyncSeconds), pair(row.changeMilliseconds),
            pair(row.shrinkMilliseconds), pair(row.growMilliseconds), pair(row.addMilliseconds),
            pair(row.removeMilliseconds), rounded(row.restartSeconds), rounded(row.residentMegabytes),
            rounded(row.peakMegabytes), "\(row.chains)", "\(row.rules)",
        ]
    }

    private func rounded(_ value: Double) -> String {
        let scaled = Int((value * 1000).rounded())
        let fraction = String(scaled % 1000)
        return "\(scaled / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
