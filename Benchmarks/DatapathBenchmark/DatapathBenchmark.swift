import ArgumentParser
import FoundationEssentials
import LinuxSystem
import Measuring
import NetworkNamespaceTesting
import NetworkTypes

/// Measures connections through a Service beside direct ones: a client pod, a node, server pods, joined by veth.
/// `fairway run` works in the node's namespace, in each of its modes; HAProxy and nginx beside it.
@main
struct DatapathBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datapath-benchmark", subcommands: [Measure.self, ConnectProbe.self, FirstByteProbe.self],
        defaultSubcommand: Measure.self)
}

struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Measures every way in turn, for as many rounds.")

    @Option(help: "The fairway program.")
    var fairway = "fairway"

    @Option(help: "Numbers of Services, a comma-separated list.")
    var services = "10,1000,10000,100000"

    @Option(help: "Ways, a comma-separated list of direct, ebpf, ebpf-packets, nftables, userspace, userspace-bound, haproxy and nginx (default: all; with --failures userspace and haproxy).")
    var ways: String?

    @Option(help: "Rounds; medians are reported.")
    var rounds = 3

    @Option(help: "Seconds of each measurement.")
    var seconds = 2

    @Option(help: "Connections opened one after the other whose latency is taken.")
    var connects = 5000

    @Option(help: "Threads of each relay, Fairway's included (default: the processors).")
    var threads: Int?

    @Option(help: "Words for HAProxy's bind lines, such as 'shards by-thread'.")
    var haproxyBind = ""

    @Option(help: "A line for HAProxy's global section, such as 'tune.pipesize 524288'.")
    var haproxyGlobal = ""

    @Option(help: "Seconds during which one client opens connections without a pause, so that its ports come round; 0: not measured.")
    var reuseSeconds = 120

    @Option(help: "Number of Services at which the ports come round.")
    var reuseServices = 1000

    @Flag(help: "Measure, instead of all that, connections to a Service of which one of three backends refuses or is silent.")
    var failures = false

    @Option(help: "Connections of each round of --failures.")
    var failureConnections = 10_000

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(help: "Print the table of a JSON report instead of measuring.")
    var printTable: String?

    func validate() throws {
        let processors = ProcessorCount.available
        guard (1...processors).contains(threads ?? processors) else {
            throw ValidationError("--threads: expected 1 to \(processors), the processors there are")
        }
        guard rounds > 0, seconds > 0, connects > 0, failureConnections > 0 else {
            throw ValidationError("--rounds, --seconds, --connects and --failure-connections: expected 1 or more")
        }
    }

    func run() async throws {
        if let printTable {
            return print(try JSONDecoder().decode(Report.self, from: Data(contentsOf: URL(filePath: printTable))).text)
        }
        let report = failures ? try await measureFailures() : try await measureAll()
        print(json ? try report.reportJSON() : report.text)
    }

    private var programs: Programs {
        Programs(
            fairway: fairway, threads: threads ?? ProcessorCount.available, haproxyBind: haproxyBind,
            haproxyGlobal: haproxyGlobal)
    }

    private func measureFailures() async throws -> Report {
        var programs = programs
        programs.scheduler = "rr"
        // As long as Fairway waits at first.
        programs.connectMilliseconds = 250
        let measurement = FailureMeasurement(
            programs: programs, ways: try Way.list(ways ?? "userspace,haproxy"), rounds: rounds,
            connections: failureConnections)
        var report = Report()
        report.failures = try await measurement.run()
        return report
    }

    private func measureAll() async throws -> Report {
        let chosen = try ways.map { try Way.list($0) } ?? Way.allCases
        var report = Report()
        for size in services.split(separator: ",").compactMap({ Int($0) }) where size > 0 {
            report.rows += try await measure(size, chosen, &report)
        }
        report.compare()
        return report
    }

    /// One way after the other: what one leaves in the node would cost the next one time.
    private func measure(_ size: Int, _ ways: [Way], _ report: inout Report) async throws -> [Report.Row] {
        let bed = try await TestBed.make(services: size, programs: programs, servers: [[8080]]) { pods in
            [
                Frontend(name: "http", port: 80, target: 8080, carriesStreams: false, backends: pods),
                Frontend(name: "stream", port: 5201, target: 5201, carriesStreams: true, backends: pods),
            ]
        }
        defer { bed.close() }
        var samples = [[Sample]](repeating: [], count: ways.count)
        for round in 0..<rounds {
            for index in ways.indices.turned(round) {
                let (sample, bytes) = try await bed.with(ways[index]) { running in
                    (try await bed.sample(ways[index], running, seconds: seconds, connects: connects), running.mapBytes())
                }
                samples[index].append(sample)
                if let bytes { report.mapMegabytes["\(size)"] = Double(bytes) / 1e6 }
            }
        }
        if size == reuseServices, reuseSeconds > 0 {
            for way in ways {
                report.reuse.append(try await bed.with(way) { _ in try await bed.reuse(way, seconds: reuseSeconds) })
            }
        }
        return zip(ways, samples).map { way, samples in Report.Row(way: way, services: size, samples: samples) }
    }
}
