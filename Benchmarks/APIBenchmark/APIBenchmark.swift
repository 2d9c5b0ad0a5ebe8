import ArgumentParser
import FoundationEssentials

/// Measures a node daemon against a Kubernetes API server in memory: the first lists of a large cluster, to the first table
/// committed, and then changes at a rate, each from its write at the server to its commit in the kernel. The server and the
/// daemon each have a network namespace of their own, joined by a veth pair.
@main
struct APIBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "api-benchmark")

    @Option(help: "The fairway program.")
    var fairway = "fairway"

    @Option(help: "The kubernetes-test-server program.")
    var server = "kubernetes-test-server"

    @Option(help: "A kube-proxy program to run beside, in its nftables mode.")
    var kubeProxy: String?

    @Option(help: "Services, each with a slice.")
    var services = 10_000

    @Option(help: "Endpoints in a slice.")
    var endpoints = 5

    @Option(help: "Pods, ten for each Service until they run out; 0: the rows with pods are left out.")
    var pods = 100_000

    @Option(help: "First lists of each kind; medians are reported.")
    var rounds = 3

    @Option(help: "Changes in a second; each moves an endpoint of another slice.")
    var rate = 100

    @Option(help: "Seconds of changes; 0: none.")
    var seconds = 60

    @Option(help: "Seconds that a first list may take.")
    var patience = 120

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(help: "Print the table of a JSON report instead of measuring.")
    var printTable: String?

    func validate() throws {
        guard services > 0, endpoints > 0, pods >= 0, rounds > 0, rate > 0, seconds >= 0, patience > 0 else {
            throw ValidationError("--services, --endpoints, --rounds, --rate and --patience: expected 1 or more")
        }
        // An address stands for one change, and the time that is left in a slice for its last one.
        guard rate * seconds <= min(services, CommitWatch.limit) else {
            throw ValidationError("--rate times --seconds: expected at most as many changes as slices, and \(CommitWatch.limit)")
        }
    }

    func run() async throws {
        if let printTable {
            return print(try JSONDecoder().decode(Report.self, from: Data(contentsOf: URL(filePath: printTable))).text)
        }
        let bed = try await TestBed.make(
            program: server, size: TestBed.Size(services: services, endpoints: endpoints, pods: pods), patience: .seconds(patience))
        defer { bed.close() }
        let report = try await measure(bed)
        guard json else { return print(report.text) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }

    private func measure(_ bed: TestBed) async throws -> Report {
        var ways = Way.allCases.filter { pods > 0 || !$0.listsPods }
        if kubeProxy == nil { ways.removeAll { $0 == .kubeProxy } }
        var samples: [Way: [FirstList]] = [:]
        for _ in 0..<rounds {
            for way in ways {
                samples[way, default: []].append(try await bed.with(way, program(way)) { $0.firstList })
            }
        }
        var report = Report()
        report.rows = ways.map { Report.Row($0, samples[$0] ?? [], bed.size) }
        guard seconds > 0 else { return report }
        for way in ways where way.takesChanges {
            report.changes.append(
                try await bed.with(way, program(way)) { node in
                    try await ChangeMeasurement(bed: bed, node: node, rate: rate, seconds: seconds).run()
                })
        }
        return report
    }

    private func program(_ way: Way) -> String { way == .kubeProxy ? kubeProxy ?? "" : fairway }
}
