import LinuxSystem
import NetworkNamespaceTesting
import Testing

extension FairwayNode {
    /// What the daemon's page of metrics says now: values by series, labels as they are written.
    func metrics() async throws -> MetricsPage {
        let output = try await node.run(["curl", "-sS", "--max-time", "5", "http://127.0.0.1:10249/metrics"])
        try #require(output.status.isSuccess, "\(output)")
        return MetricsPage(output.standardOutput)
    }

    /// The first page of which `condition` holds.
    @discardableResult
    func metrics(
        _ what: String, within limit: Duration = .seconds(20), where condition: (MetricsPage) -> Bool
    ) async throws -> MetricsPage {
        let page = try await lastAnswer(within: limit, where: condition) { try await metrics() }
        try #require(condition(page), "not \(what) after \(limit): \(page.ebpf)")
        return page
    }
}

struct MetricsPage {
    private let series: [Substring: Double]

    init(_ text: String) {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        let pairs = lines.compactMap { line in
            line.lastIndex(of: " ").flatMap { blank in
                Double(line[line.index(after: blank)...]).map { (line[..<blank], $0) }
            }
        }
        series = Dictionary(pairs) { first, _ in first }
    }

    /// Zero for what is not there.
    subscript(_ name: String) -> Double { series[name[...]] ?? 0 }

    /// Over all series of a metric.
    func sum(_ metric: String) -> Double {
        series.reduce(0) { $0 + ($1.key.hasPrefix("\(metric){") ? $1.value : 0) }
    }

    /// For messages.
    var ebpf: [String] {
        series.filter { $0.key.hasPrefix("fairway_ebpf_") || $0.key.contains("active") }.map { "\($0.key) \($0.value)" }.sorted()
    }
}
