import CoreMetrics
import Testing

@testable import Observability

@Suite struct MetricCatalogTests {
    /// kube-proxy 1.36's names, types and labels, for what Fairway does in this mode.
    static let kubeProxy: [(String, MetricType, [String])] = [
        ("sync_proxy_rules_duration_seconds", .histogram, ["ip_family"]),
        ("sync_full_proxy_rules_duration_seconds", .histogram, ["ip_family"]),
        ("sync_partial_proxy_rules_duration_seconds", .histogram, ["ip_family"]),
        ("sync_proxy_rules_last_timestamp_seconds", .gauge, ["ip_family"]),
        ("sync_proxy_rules_last_queued_timestamp_seconds", .gauge, ["ip_family"]),
        ("network_programming_duration_seconds", .histogram, ["ip_family"]),
        ("sync_proxy_rules_endpoint_changes_pending", .gauge, []),
        ("sync_proxy_rules_endpoint_changes_total", .counter, []),
        ("sync_proxy_rules_service_changes_pending", .gauge, []),
        ("sync_proxy_rules_service_changes_total", .counter, []),
        ("sync_proxy_rules_no_local_endpoints_total", .gauge, ["ip_family", "traffic_policy"]),
        ("proxy_healthz_total", .counter, ["code"]),
        ("proxy_livez_total", .counter, ["code"]),
        ("sync_proxy_rules_nftables_sync_failures_total", .counter, ["ip_family"]),
        ("sync_proxy_rules_nftables_cleanup_failures_total", .counter, ["ip_family"]),
        ("conntrack_reconciler_sync_duration_seconds", .histogram, ["ip_family"]),
        ("conntrack_reconciler_deleted_entries_total", .counter, ["ip_family"]),
    ]

    @Test(arguments: kubeProxy)
    func `a kube-proxy dashboard finds its series`(name: String, type: MetricType, labels: [String]) throws {
        let found = try #require(MetricCatalog.all.first { $0.name == "kubeproxy_" + name })
        #expect(found.type == type)
        #expect(found.labels.sorted() == labels)
    }

    @Test func `nothing more claims to be kube-proxy's`() {
        #expect(MetricCatalog.all.filter { $0.name.hasPrefix("kubeproxy_") }.count == Self.kubeProxy.count)
    }

    @Test func `names are unique and valid, and every metric says what it is`() {
        #expect(Set(MetricCatalog.all.map(\.name)).count == MetricCatalog.all.count)
        for metric in MetricCatalog.all {
            #expect(ExpositionWriter.metricName(metric.name) == metric.name)
            #expect(metric.labels.allSatisfy { ExpositionWriter.labelName($0) == $0 && $0 != "le" })
            #expect(metric.help.hasSuffix("."))
        }
    }

    @Test func `the buckets are kube-proxy's`() {
        #expect(MetricCatalog.syncBuckets.count == 15)
        #expect(MetricCatalog.syncBuckets.first == 0.001)
        #expect(MetricCatalog.syncBuckets.last == 16.384)
        let programming = MetricCatalog.programmingBuckets
        #expect(programming.count == 2 + 59 + 12 + 7)
        #expect(programming.prefix(3) == [0.25, 0.5, 1])
        #expect(programming.suffix(8) == [115, 120, 150, 180, 210, 240, 270, 300])
    }

    @Test func `every series of the catalogue can be made as swift-metrics makes it`() {
        let metrics = PrometheusMetrics()
        for metric in MetricCatalog.all where metric.name != PrometheusMetrics.droppedSeriesMetric {
            let labels = metric.labels.map { ($0, "x") }
            switch metric.type {
            case .counter: metrics.makeCounter(label: metric.name, dimensions: labels).increment(by: 1)
            case .gauge: metrics.makeRecorder(label: metric.name, dimensions: labels, aggregate: false).record(1.0)
            case .histogram: metrics.makeTimer(label: metric.name, dimensions: labels).recordNanoseconds(1)
            }
        }
        let text = metrics.exposition()
        for metric in MetricCatalog.all where metric.name != PrometheusMetrics.droppedSeriesMetric {
            #expect(text.contains("# TYPE \(metric.name) \(metric.type.rawValue)\n"))
        }
        #expect(!text.contains(PrometheusMetrics.droppedSeriesMetric))
    }
}
