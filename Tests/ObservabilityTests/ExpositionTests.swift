import CoreMetrics
import Testing

@testable import Observability

@Suite struct ExpositionTests {
    @Test(arguments: [
        (0.0, "0"), (1, "1"), (-3, "-3"), (0.001, "0.001"), (16.384, "16.384"), (1e15, "1000000000000000"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1_769_904_000.25, "1769904000.25"),
    ])
    func `numbers are printed as Prometheus reads them`(value: Double, text: String) {
        #expect(ExpositionWriter.number(value) == text)
    }

    @Test(arguments: [
        ("plain", "plain"), ("a\"b", "a\\\"b"), ("a\\b", "a\\\\b"), ("a\nb", "a\\nb"), ("é", "é"), ("", ""),
        ("\r\n", "\r\\n"),
    ])
    func `label values escape backslash, quote and newline`(value: String, text: String) {
        #expect(ExpositionWriter.escapedLabelValue(value) == text)
    }

    @Test(arguments: [("a \"b\"", "a \"b\""), ("a\\b\nc", "a\\\\b\\nc")])
    func `help escapes backslash and newline, not quotes`(value: String, text: String) {
        #expect(ExpositionWriter.escapedHelp(value) == text)
    }

    @Test(arguments: [
        ("a.b-c", "a_b_c", "a_b_c"), ("a:b", "a:b", "a_b"), ("9x", "_9x", "_9x"), ("", "_", "_"), ("ü", "_", "_"),
    ])
    func `names keep only what the format allows`(text: String, metric: String, label: String) {
        #expect(ExpositionWriter.metricName(text) == metric)
        #expect(ExpositionWriter.labelName(text) == label)
    }

    @Test func `a histogram is cumulative, includes its bounds and ends in +Inf`() {
        let metrics = PrometheusMetrics(catalog: [
            MetricDescription("wait_seconds", .histogram, labels: ["ip_family"], buckets: [0.5, 1, 2], help: "Wait.")
        ])
        let timer = CoreMetrics.Timer(label: "wait_seconds", dimensions: [("ip_family", "IPv4")], factory: metrics)
        for milliseconds in [250, 500, 750, 2000, 9000] { timer.recordMilliseconds(milliseconds) }
        #expect(
            metrics.exposition() == """
                # HELP wait_seconds Wait.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{ip_family="IPv4",le="0.5"} 2
                wait_seconds_bucket{ip_family="IPv4",le="1"} 3
                wait_seconds_bucket{ip_family="IPv4",le="2"} 4
                wait_seconds_bucket{ip_family="IPv4",le="+Inf"} 5
                wait_seconds_sum{ip_family="IPv4"} 12.5
                wait_seconds_count{ip_family="IPv4"} 5

                """)
    }

    @Test func `metrics are ordered by name and series by labels, whatever came first`() {
        let metrics = PrometheusMetrics(catalog: [])
        Gauge(label: "b", dimensions: [("y", "2"), ("x", "1")], factory: metrics).record(1)
        Gauge(label: "b", dimensions: [("x", "0"), ("y", "9")], factory: metrics).record(2.5)
        Counter(label: "a.total", factory: metrics).increment(by: 3)
        FloatingPointCounter(label: "a.total", factory: metrics).increment(by: 0.5)
        Meter(label: "c", factory: metrics).decrement(by: 2)
        #expect(
            metrics.exposition() == """
                # TYPE a_total counter
                a_total 3.5
                # TYPE b gauge
                b{x="0",y="9"} 2.5
                b{x="1",y="2"} 1
                # TYPE c gauge
                c -2

                """)
    }
}
