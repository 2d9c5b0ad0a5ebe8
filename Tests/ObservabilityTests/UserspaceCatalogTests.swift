import Testing

@testable import Observability

@Suite struct UserspaceCatalogTests {
    @Test func `names are unique beside the others, and every metric says what it is`() {
        let all = MetricCatalog.all + MetricCatalog.dns + MetricCatalog.userspace
        #expect(Set(all.map(\.name)).count == all.count)
        #expect(MetricCatalog.userspace.allSatisfy { !$0.help.isEmpty })
        let beside = MetricCatalog.all + MetricCatalog.dns + MetricCatalog.ebpf + MetricCatalog.relay
        #expect(Set(beside.map(\.name)).count == beside.count)
        #expect(max(all.count, beside.count) < PrometheusMetrics.Limits.metrics)
    }

    @Test func `the README names every metric of a relay with its labels, and none that there is not`() throws {
        let named = try ReadmeMetrics.code().filter { $0.hasPrefix("fairway_userspace_") }
        let own = MetricCatalog.relay.map { metric in
            metric.labels.isEmpty ? metric.name : "\(metric.name){\(metric.labels.joined(separator: ","))}"
        }
        #expect(Set(named.map { String($0) }) == Set(own))
        #expect(named.count == own.count)
    }
}
