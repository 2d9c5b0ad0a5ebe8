import FoundationEssentials
import Testing

@testable import Observability

@Suite struct DNSCatalogTests {
    @Test func `names are unique beside the others, and every metric says what it is`() {
        let all = MetricCatalog.all + MetricCatalog.dns
        #expect(Set(all.map(\.name)).count == all.count)
        #expect(MetricCatalog.dns.allSatisfy { !$0.help.isEmpty })
        #expect(all.count < PrometheusMetrics.Limits.metrics)
    }

    @Test func `a histogram that something else counts is exposed as it is`() {
        let metrics = PrometheusMetrics(catalog: MetricCatalog.dns)
        var counts = [UInt64](repeating: 0, count: MetricCatalog.dnsDurationBuckets.count + 1)
        counts[0] = 3
        counts[counts.count - 1] = 1
        let labels = [("server", "dns://:53"), ("zone", "."), ("view", "")]
        metrics.setHistogram("coredns_dns_request_duration_seconds", labels, counts: counts, sum: 9.5)
        let text = metrics.exposition()
        for line in ["_bucket{server=\"dns://:53\",view=\"\",zone=\".\",le=\"0.00025\"} 3", "le=\"+Inf\"} 4", "} 9.5"] {
            #expect(text.contains(line), "no \(line) in\n\(text)")
        }
    }

    @Test func `the README names every metric of Fairway's own DNS, and none that there is not`() throws {
        let named = try ReadmeMetrics.named()
        let own = Set(MetricCatalog.fairwayDNS.map(\.name))
        #expect(named.filter { $0.hasPrefix("fairway_dns_") } == own)
        let known = Set(MetricCatalog.dns.map(\.name))
        let other = named.filter { $0.hasPrefix("coredns_") }
        #expect(!other.isEmpty && other.isSubset(of: known))
    }
}
