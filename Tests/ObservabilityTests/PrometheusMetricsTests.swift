import CoreMetrics
import Testing

@testable import Observability

@Suite struct PrometheusMetricsTests {
    private func samples(_ metrics: PrometheusMetrics, of name: String) -> [String] {
        metrics.exposition().split(separator: "\n").map(String.init).filter { $0.hasPrefix(name) }
    }

    @Test func `series past the limit work, are not exposed, and are counted`() {
        let metrics = PrometheusMetrics(seriesPerMetric: 2)
        for kind in ["A", "B", "C", "D"] {
            metrics.set("fairway_manifest_objects_skipped", [("kind", kind)], to: 1)
        }
        metrics.set("fairway_manifest_objects_skipped", [("kind", "A")], to: 7)
        #expect(
            samples(metrics, of: "fairway_manifest_objects_skipped{") == [
                "fairway_manifest_objects_skipped{kind=\"A\"} 7",
                "fairway_manifest_objects_skipped{kind=\"B\"} 1",
            ])
        #expect(
            samples(metrics, of: "fairway_metrics_series_dropped_total{") == [
                "fairway_metrics_series_dropped_total{metric=\"fairway_manifest_objects_skipped\"} 2"
            ])
    }

    @Test func `metrics past the limit are counted under one name`() {
        let metrics = PrometheusMetrics()
        for number in 0..<(PrometheusMetrics.Limits.metrics + 10) {
            Counter(label: "library_\(number)", factory: metrics).increment()
        }
        let dropped = MetricCatalog.all.count + 10
        #expect(
            samples(metrics, of: "fairway_metrics_series_dropped_total{") == [
                "fairway_metrics_series_dropped_total{metric=\"other\"} \(dropped)"
            ])
        // The catalogue has its place whatever libraries do.
        metrics.set("fairway_services", to: 5)
        #expect(samples(metrics, of: "fairway_services ") == ["fairway_services 5"])
    }

    @Test func `what contradicts the catalogue is dropped, not exposed under a wrong type`() {
        let metrics = PrometheusMetrics()
        Counter(label: "fairway_services", factory: metrics).increment(by: 9)
        CoreMetrics.Timer(label: "kubeproxy_sync_proxy_rules_duration_seconds", factory: metrics).recordSeconds(1)
        Counter(
            label: "kubeproxy_proxy_healthz_total", dimensions: [("status", "200")], factory: metrics
        ).increment()
        #expect(samples(metrics, of: "fairway_services ") == ["fairway_services 0"])
        #expect(samples(metrics, of: "kubeproxy_sync_proxy_rules_duration_seconds") == [])
        #expect(samples(metrics, of: "kubeproxy_proxy_healthz_total") == [])
        #expect(samples(metrics, of: "fairway_metrics_series_dropped_total{").count == 3)
    }

    @Test func `a destroyed series is gone and one made again starts at zero`() {
        let metrics = PrometheusMetrics(catalog: [])
        let counter = Counter(label: "a", factory: metrics)
        counter.increment()
        counter.destroy()
        #expect(metrics.exposition() == "")
        Counter(label: "a", factory: metrics).increment(by: 2)
        #expect(samples(metrics, of: "a ") == ["a 2"])
    }

    @Test func `replacing the series of a gauge forgets those that are gone`() {
        let metrics = PrometheusMetrics()
        metrics.replace("fairway_manifest_objects_skipped", with: [([("kind", "Ingress")], 2)])
        metrics.replace("fairway_manifest_objects_skipped", with: [([("kind", "Deployment")], 1)])
        #expect(
            samples(metrics, of: "fairway_manifest_objects_skipped{") == [
                "fairway_manifest_objects_skipped{kind=\"Deployment\"} 1"
            ])
    }

    @Test func `a counter takes no negative, infinite or missing amount`() {
        let counter = CounterSeries(key: SeriesKey(metric: "a", labels: MetricLabels([])))
        for amount: Double in [1, -5, .infinity, .nan, 0.5] { counter.increment(by: amount) }
        #expect(counter.value == 1.5)
    }

    @Test func `counting from many tasks loses nothing`() async {
        let metrics = PrometheusMetrics(catalog: [])
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        Counter(label: "n", dimensions: [("t", "\(task % 2)")], factory: metrics).increment()
                        Recorder(label: "h", factory: metrics).record(1)
                    }
                }
            }
        }
        #expect(samples(metrics, of: "n{") == ["n{t=\"0\"} 4000", "n{t=\"1\"} 4000"])
        #expect(samples(metrics, of: "h_count") == ["h_count 8000"])
    }

    @Test func `the process describes itself at each scrape`() throws {
        let metrics = PrometheusMetrics()
        metrics.onScrape { ProcessStatistics.collect(into: $0) }
        func value(_ name: String) throws -> Double {
            let line = try #require(samples(metrics, of: name + " ").first)
            return try #require(Double(line.dropFirst(name.count + 1)))
        }
        #expect(try value("process_resident_memory_bytes") > 1_048_576)
        #expect(try value("process_open_fds") >= 3)
        #expect(try value("process_start_time_seconds") > 1_600_000_000)
        #expect(try value("process_cpu_seconds_total") >= 0)
    }

    @Test func `a command name with spaces and parentheses does not shift the fields`() {
        let fields = (3...30).map(String.init).joined(separator: " ")
        let statistics = ProcessStatistics(
            status: "Name:\tx\nVmRSS:\t    2048 kB\n", stat: "77 (a) (b c) \(fields)\n",
            systemStat: "cpu 1 2\nbtime 1000\n")
        #expect(statistics.residentMemoryBytes == 2_097_152.0)
        #expect(statistics.cpuSeconds == 0.29)
        #expect(statistics.startTimeSeconds == 1000.22)
        #expect(ProcessStatistics(status: "", stat: "", systemStat: "").cpuSeconds == nil)
    }
}
