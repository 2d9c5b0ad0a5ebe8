import ArgumentParser
import FoundationEssentials
import LinuxSystem
import Measuring

/// Measures `fairway dns` beside NSD and Knot DNS on the same names, in alternation: each server on core 0, dnsperf
/// on core 1, loopback. And how soon an endpoint that changed is in the answers while queries come in.
@main
struct DNSBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "dns-benchmark")

    @Option(help: "The fairway program.")
    var fairway = "fairway"

    @Option(help: "Numbers of Services, a comma-separated list.")
    var services = "1000,10000,100000"

    @Option(help: "Number of Services at which mixes, TCP and changes are measured too.")
    var mixServices = 10_000

    @Option(help: "Rounds; medians are reported.")
    var rounds = 5

    @Option(help: "Seconds of each run of dnsperf.")
    var seconds = 4

    @Option(help: "Changes of an endpoint whose way into the answers is timed; 0: none.")
    var changes = 200

    @Option(help: "Servers beside fairway, a comma-separated list of nsd and knot.")
    var peers = "nsd,knot"

    @Option(help: "A CoreDNS program to run beside, on a zone file of the same names.")
    var coredns = ""

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(help: "Print the table of a JSON report instead of measuring.")
    var printTable: String?

    func run() throws {
        if let printTable {
            return print(try JSONDecoder().decode(Report.self, from: Data(contentsOf: URL(filePath: printTable))).text)
        }
        var report = Report()
        for size in services.split(separator: ",").compactMap({ Int($0) }) where size > 0 {
            try measure(size, into: &report)
        }
        report.compareWithNSD()
        if json {
            print(try report.reportJSON())
        } else {
            print(report.text)
        }
    }

    private func measure(_ size: Int, into report: inout Report) throws {
        let folder = try WorkFolder()
        let cluster = Cluster(services: size)
        var servers: [any NameServer] = [try FairwayServer(program: fairway, cluster: cluster, folder: folder)]
        for peer in peers.split(separator: ",") {
            switch peer {
            case "nsd": servers.append(try NSDServer(cluster: cluster, folder: folder))
            case "knot": servers.append(try KnotServer(cluster: cluster, folder: folder))
            default: throw ValidationError("--peers \(peer): expected nsd or knot")
            }
        }
        if !coredns.isEmpty { servers.append(try CoreDNSServer(program: coredns, cluster: cluster, folder: folder)) }
        for server in servers { try server.waitUntilReady(cluster) }
        let mixes: [Mix] = size == mixServices ? Mix.allCases : [.a]
        for mix in mixes {
            let queries = try folder.write("queries-\(mix.rawValue)", cluster.queries(mix))
            report.rows += try compare(servers, mix: mix, size: size, queries: queries)
        }
        if size == mixServices, changes > 0, let own = servers.first as? FairwayServer {
            report.changes.append(try ChangeProbe(server: own, cluster: cluster, folder: folder).measure(changes))
        }
    }

    /// Every server in turn, for as many rounds; then latency at half of what each could take.
    private func compare(_ servers: [any NameServer], mix: Mix, size: Int, queries: String) throws -> [Report.Row] {
        var rates = [[Double]](repeating: [], count: servers.count)
        var costs = rates
        for _ in 0..<rounds {
            for (index, server) in servers.enumerated() {
                let before = server.processorSeconds
                let rate = try Dnsperf(port: server.port, queries: queries, overTCP: mix == .tcp, seconds: seconds).rate()
                rates[index].append(rate.perSecond)
                costs[index].append((server.processorSeconds - before) * 1e6 / max(rate.answers, 1))
            }
        }
        return try servers.enumerated().map { index, server in
            let rate = rates[index].median
            let latency = try Dnsperf(port: server.port, queries: queries, overTCP: mix == .tcp, seconds: 3)
                .latency(atRate: Int(rate / 2))
            return Report.Row(
                server: server.name, mix: mix.rawValue, services: size, queriesPerSecond: rate,
                bestQueriesPerSecond: rates[index].max() ?? 0,
                cpuMicrosecondsPerQuery: costs[index].median, p50Milliseconds: latency.p50, p99Milliseconds: latency.p99,
                residentMegabytes: server.residentMegabytes, ratioToNSD: nil)
        }
    }
}
