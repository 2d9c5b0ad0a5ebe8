import ArgumentParser
import FoundationEssentials
import LinuxSystem
import Measuring

/// Measures how stale flows are found and deleted in a large connection tracking table, in a network
/// namespace of its own.
@main
struct ConntrackBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "conntrack-benchmark")

    @Option(help: "Entries in the table; fewer where the kernel's limit is below.")
    var entries = 200_000

    @Option(help: "Services, each with four endpoints.")
    var services = 1000

    @Option(help: "Numbers of Services that lose an endpoint in one step, a comma-separated list.")
    var removals = "1,500"

    @Option(help: "Samples; where each removal is a walk of its own, many removals are measured once.")
    var samples = 11

    @Option(help: "Modes, a comma-separated list: \(Mode.allCases.map(\.rawValue).joined(separator: ", ")).")
    var modes = "fairway,question-each,filtered-delete,whole-dump,conntrack-tool"

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    @Flag(help: .hidden)
    var child = false

    private static let fewRemovals = 64

    func run() throws {
        let wanted = modes.split(separator: ",").compactMap { Mode(rawValue: String($0)) }
        let numbers = removals.split(separator: ",").compactMap { Int($0) }
        guard !wanted.isEmpty, !numbers.isEmpty, numbers.allSatisfy({ (1...services).contains($0) }), samples > 0 else {
            throw ValidationError("--modes, --removals (1 to --services) and --samples name nothing to measure")
        }
        if child { return print(try Report(rows: [measure(wanted[0], numbers[0])]).reportJSON()) }
        var rows: [Row] = []
        for number in numbers {
            for mode in wanted where mode != .wholeDump || number == numbers[0] {
                rows.append(try inChild(mode, number))
            }
        }
        print(json ? try Report(rows: rows).reportJSON() : Report(rows: rows).text)
    }

    /// A process and a namespace for each measurement: memory and table start from nothing.
    private func inChild(_ mode: Mode, _ removals: Int) throws -> Row {
        let samples = mode.walksForEach && removals > Self.fewRemovals ? 1 : samples
        let output = try OwnProgram.output([
            "--child", "--modes", mode.rawValue, "--removals", "\(removals)", "--samples", "\(samples)",
            "--entries", "\(entries)", "--services", "\(services)",
        ])
        let report = try JSONDecoder().decode(Report.self, from: Data(output.utf8))
        guard let row = report.rows.first else { throw MeasurementError(description: "\(mode.rawValue): no row") }
        return row
    }

    private func measure(_ mode: Mode, _ removals: Int) throws -> Row {
        let limit = try String(contentsOfFile: "/proc/sys/net/netfilter/nf_conntrack_max", encoding: .utf8)
        let allowed = Int(limit.filter(\.isNumber)) ?? entries
        // Near the limit the kernel drops entries by itself.
        let flows = FlowTable(services: services, entries: min(entries, allowed / 10 * 9))
        let samples = samples
        return try NetworkNamespace.make().insideBlocking {
            try Measurement(flows: flows, removals: removals, samples: samples).run(mode)
        }
    }
}
