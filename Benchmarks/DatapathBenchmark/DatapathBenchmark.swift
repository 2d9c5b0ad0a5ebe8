import ArgumentParser
import FoundationEssentials
import LinuxSystem
import NetworkNamespaceTesting

/// Measures connections through a Service beside direct ones: a client pod, a node, two server pods, joined by veth.
/// `fairway run` works in the node's namespace, in each of its modes, HAProxy in TCP mode beside it.
@main
struct DatapathBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datapath-benchmark", subcommands: [Measure.self, ConnectProbe.self], defaultSubcommand: Measure.self)
}

struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Measures every way in turn, for as many rounds.")

    @Option(help: "The fairway program.")
    var fairway = "fairway"

    @Option(help: "Numbers of Services, a comma-separated list.")
    var services = "10,1000,10000,100000"

    @Option(help: "Ways, a comma-separated list of direct, ebpf, ebpf-packets, nftables, userspace and haproxy.")
    var ways = "direct,ebpf,ebpf-packets,nftables,haproxy"

    @Option(help: "Rounds; medians are reported.")
    var rounds = 3

    @Option(help: "Seconds of each measurement.")
    var seconds = 2

    @Option(help: "Connections opened one after the other whose latency is taken.")
    var connects = 5000

    @Option(help: "Seconds during which one client opens connections without a pause, so that its ports come round; 0: not measured.")
    var reuseSeconds = 120

    @Option(help: "Number of Services at which the ports come round.")
    var reuseServices = 1000

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(help: "Print the table of a JSON report instead of measuring.")
    var printTable: String?

    func run() async throws {
        if let printTable {
            return print(try JSONDecoder().decode(Report.self, from: Data(contentsOf: URL(filePath: printTable))).text)
        }
        let chosen = try ways.split(separator: ",").map { name in
            guard let way = Way(rawValue: String(name)) else {
                throw ValidationError("--ways \(name): expected some of \(Way.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return way
        }
        var report = Report()
        for size in services.split(separator: ",").compactMap({ Int($0) }) where size > 0 {
            report.rows += try await measure(size, chosen, &report)
        }
        report.compareWithDirect()
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            print(report.text)
        }
    }

    /// One way after the other: what one leaves in the node would cost the next one time.
    private func measure(_ size: Int, _ ways: [Way], _ report: inout Report) async throws -> [Report.Row] {
        let bed = try await TestBed.make(services: size, fairway: fairway)
        defer { bed.close() }
        var samples = [[Sample]](repeating: [], count: ways.count)
        for _ in 0..<rounds {
            for (index, way) in ways.enumerated() {
                let running = try await bed.start(way)
                samples[index].append(try await bed.sample(way, seconds: seconds, connects: connects))
                if let bytes = running.mapBytes() { report.mapMegabytes["\(size)"] = Double(bytes) / 1e6 }
                try await running.stop()
            }
        }
        if size == reuseServices, reuseSeconds > 0 {
            for way in ways {
                let running = try await bed.start(way)
                report.reuse.append(try await bed.reuse(way, seconds: reuseSeconds))
                try await running.stop()
            }
        }
        return zip(ways, samples).map { way, samples in Report.Row(way: way, services: size, samples: samples) }
    }
}
