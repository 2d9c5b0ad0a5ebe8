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
}
