import Testing

@testable import Observability

/// The metrics of the modes that count connections themselves.
@Suite struct ModeCatalogTests {
    @Test func `names are unique beside the others, and every metric says what it is`() {
        let all = MetricCatalog.all + MetricCatalog.dns + MetricCatalog.ebpf
        #expect(Set(all.map(\.name)).count == all.count)
        #expect(MetricCatalog.ebpf.allSatisfy { !$0.help.isEmpty })
        #expect(all.count < PrometheusMetrics.Limits.metrics)
    }

    static let modes: [(section: String, own: String, catalog: [MetricDescription])] = [
        ("The ebpf mode", "fairway_ebpf_", MetricCatalog.ebpf),
        ("The userspace mode", "fairway_userspace_", MetricCatalog.userspace),
    ]

    @Test(arguments: modes.indices)
    func `the README names every metric of the mode with its labels, and none that there is not`(_ index: Int) throws {
        let (section, own, catalog) = Self.modes[index]
        let prefixes = [own, "fairway_backend_", "fairway_service_"]
        let named = try ReadmeMetrics.code(in: section).filter { code in prefixes.contains { code.hasPrefix($0) } }
        // Labels of Services and backends are told once for all.
        let common: Set = ["namespace", "service", "port", "protocol", "ip_family", "backend"]
        let expected = catalog.map { metric in
            let labels = metric.labels.filter { !common.contains($0) }
            return labels.isEmpty ? metric.name : "\(metric.name){\(labels.joined(separator: ","))}"
        }
        #expect(Set(named.map { String($0) }) == Set(expected))
        #expect(named.count == expected.count)
    }
}
