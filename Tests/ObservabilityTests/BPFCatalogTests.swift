import Testing

@testable import Observability

@Suite struct BPFCatalogTests {
    @Test func `names are unique beside the others, and every metric says what it is`() {
        let all = MetricCatalog.all + MetricCatalog.dns + MetricCatalog.ebpf
        #expect(Set(all.map(\.name)).count == all.count)
        #expect(MetricCatalog.ebpf.allSatisfy { !$0.help.isEmpty })
        #expect(all.count < PrometheusMetrics.Limits.metrics)
    }

    @Test func `the README names every metric of the ebpf mode with its labels, and none that there is not`() throws {
        let prefixes = ["fairway_ebpf_", "fairway_backend_", "fairway_service_"]
        let named = try ReadmeMetrics.code(of: "The ebpf mode").filter { code in prefixes.contains { code.hasPrefix($0) } }
        // Labels of Services and backends are told once for all.
        let common: Set = ["namespace", "service", "port", "protocol", "ip_family", "backend"]
        let own = MetricCatalog.ebpf.map { metric in
            let labels = metric.labels.filter { !common.contains($0) }
            return labels.isEmpty ? metric.name : "\(metric.name){\(labels.joined(separator: ","))}"
        }
        #expect(Set(named.map { String($0) }) == Set(own))
        #expect(named.count == own.count)
    }
}
