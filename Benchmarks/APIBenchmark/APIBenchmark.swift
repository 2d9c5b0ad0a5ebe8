import ArgumentParser
import FoundationEssentials
import Measuring

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

    @Option(help: "What is measured, separated by commas; all: \(Way.allCases.map(\.rawValue).joined(separator: ",")).")
    var ways = ""

    @Option(help: "Services, each with a slice.")
    var services = 10_000

    @Option(help: "Endpoints in a slice.")
    var endpoints = 5

    @Option(help: "Pods, ten for each Service until they run out; 0: the rows with pods are left out.")
    var pods = 100_000

    @Option(help: "First lists of each kind; medians are reported. 0: none.")
    var rounds = 3

    @Option(help: "Changes in a second; each moves an endpoint of another slice.")
    var rate = 100

    @Option(help: "Seconds of changes in a round; 0: none.")
    var seconds = 60

    @Option(help: "Rounds of changes of each kind, each with a daemon of its own; medians are reported.")
    var changeRounds = 1

    @Option(help: "Seconds that a first list may take.")
    var patience = 120

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(help: "Print the table of a JSON report instead of measuring.")
    var printTable: String?

    func validate() throws {
        guard services > 0, endpoints > 0, pods >= 0, rounds >= 0, rate > 0, seconds >= 0, changeRounds > 0, patience > 0 else {
            throw ValidationError(
                "--services, --endpoints, --rate, --change-rounds and --patience: expected 1 or more; --pods, --rounds and --seconds: 0 or more")
        }
        let measured = try chosenWays()
        // The time of a change is left in its slice, and each change has an address of its own.
        guard rate * seconds <= services else {
            throw ValidationError("--rate times --seconds: expected at most as many changes as slices")
        }
        guard rate * seconds * changeRounds * measured.count(where: \.takesChanges) <= CommitWatch.limit else {
            throw ValidationError("expected at most \(CommitWatch.limit) changes in all")
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
        print(json ? try report.reportJSON() : report.text)
    }

    /// In the order of a round.
    private func chosenWays() throws -> [Way] {
        let all = Way.allCases.filter { (pods > 0 || !$0.listsPods) && (kubeProxy != nil || $0 != .kubeProxy) }
        guard !ways.isEmpty else { return all }
        return try ways.split(separator: ",").map { name in
            guard let way = all.first(where: { $0.rawValue == name }) else {
                throw ValidationError("--ways \(name): expected of \(all.map(\.rawValue).joined(separator: ","))")
            }
            return way
        }
    }

    private func measure(_ bed: TestBed) async throws -> Report {
        let ways = try chosenWays()
        var (lists, changes): ([Way: [FirstList]], [Way: [ChangeSample]]) = ([:], [:])
        for _ in 0..<rounds {
            for way in ways { lists[way, default: []].append(try await bed.with(way, program(way)) { $0.firstList }) }
        }
        for _ in 0..<(seconds > 0 ? changeRounds : 0) {
            for way in ways where way.takesChanges {
                let sample = try await bed.with(way, program(way)) { node in
                    try await ChangeMeasurement(bed: bed, node: node, rate: rate, seconds: seconds).run()
                }
                changes[way, default: []].append(sample)
            }
        }
        return Report(
            rows: ways.compactMap { way in lists[way].map { Report.Row(way, $0, bed.size) } },
            transfers: try await bed.transfers(),
            changes: ways.compactMap { way in changes[way].map { Report.Changes(way, $0) } })
    }

    private func program(_ way: Way) -> String { way == .kubeProxy ? kubeProxy ?? "" : fairway }
}
