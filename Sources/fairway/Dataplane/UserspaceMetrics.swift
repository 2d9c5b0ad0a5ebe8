internal import LinuxSystem
internal import NetworkTypes
internal import Observability
internal import Relay
internal import ServiceTable
internal import UserspaceDataplane

/// What the relay counted, read at a scrape.
final class UserspaceMetrics: Sendable {
    private let view: UserspaceView

    init(view: UserspaceView) { self.view = view }

    func readAtScrape(_ prometheus: PrometheusMetrics) {
        prometheus.onScrape { metrics in
            guard let relay = self.view.relay else { return }
            Self.collect(relay.table.records, metrics)
            Self.collect(relay.engine.statistics, metrics)
        }
    }

    /// Of a relay beside another mode, whose Services the mode itself counts.
    static func readAtScrape(_ prometheus: PrometheusMetrics, of relay: UserspaceRelay) {
        prometheus.onScrape { collect(relay.engine.statistics, $0) }
    }

    private static func collect(_ statistics: RelayStatistics, _ metrics: PrometheusMetrics) {
        for reason in RelayRefusal.allCases {
            metrics.set(
                "fairway_userspace_refusals_total", [("reason", reason.rawValue)],
                to: Double(statistics.refusals[reason] ?? 0))
        }
        for reason in RelayStatistics.End.allCases {
            metrics.set(
                "fairway_userspace_ended_total", [("reason", reason.rawValue)], to: Double(statistics.ends[reason] ?? 0))
        }
        for reason in RelayStatistics.Pause.allCases {
            metrics.set(
                "fairway_userspace_pauses_total", [("reason", reason.rawValue)], to: Double(statistics.pauses[reason] ?? 0))
        }
        for result in UDPStatistics.Count.allCases {
            metrics.set(
                "fairway_userspace_datagrams_total", [("result", result.rawValue)], to: Double(statistics.datagrams[result]))
        }
        collect(statistics.connectTimes.snapshot, metrics)
    }

    private static func collect(_ times: ConnectTimes.Snapshot, _ metrics: PrometheusMetrics) {
        // Each bucket of its own, and what is above them.
        var (counts, before): ([UInt64], UInt64) = ([], 0)
        for upTo in times.buckets + [times.count] {
            counts.append(upTo >= before ? upTo - before : 0)
            before = upTo
        }
        let (seconds, attoseconds) = times.sum.components
        metrics.setHistogram(
            "fairway_userspace_connect_duration_seconds", [], counts: counts, sum: Double(seconds) + Double(attoseconds) / 1e18)
    }

    private static func collect(
        _ records: [(key: ServicePortKey, record: RelayServiceRecord)], _ metrics: PrometheusMetrics
    ) {
        var (services, backends) = (Series("fairway_service"), Series("fairway_backend"))
        for (key, record) in records {
            let labels = [
                ("namespace", key.id.namespace), ("service", key.id.service), ("port", key.id.portName),
                ("protocol", key.id.protocol.kubernetesName), ("ip_family", key.family.description),
            ]
            services.add(record.totals, labels)
            services.append("retries_total", labels, record.totals.retries)
            for backend in record.backends {
                let labels = labels + [("backend", backend.address.description)]
                backends.add(backend.counts, labels)
                backends.append("active_connections", labels, UInt64(max(0, backend.active)))
            }
        }
        services.write(metrics, and: ["retries_total"])
        backends.write(metrics, and: ["active_connections"])
    }

    /// Values of several metrics with one beginning, to be written at once.
    private struct Series {
        private static let names = ["connections_total", "packets_total", "bytes_total", "connect_failures_total"]
        private let prefix: String
        private var values: [String: [(labels: [(String, String)], value: Double)]] = [:]

        init(_ prefix: String) { self.prefix = prefix }

        mutating func append(_ name: String, _ labels: [(String, String)], _ value: UInt64) {
            values[name, default: []].append((labels, Double(value)))
        }

        mutating func add(_ counts: RelayTraffic.Counts, _ labels: [(String, String)]) {
            append("connections_total", labels, counts.connections)
            append("connect_failures_total", labels, counts.failures)
            for (direction, packets, bytes) in [
                ("in", counts.packetsIn, counts.bytesIn), ("out", counts.packetsOut, counts.bytesOut),
            ] {
                append("packets_total", labels + [("direction", direction)], packets)
                append("bytes_total", labels + [("direction", direction)], bytes)
            }
        }

        func write(_ metrics: PrometheusMetrics, and more: [String]) {
            for name in Self.names + more { metrics.replace("\(prefix)_\(name)", with: values[name] ?? []) }
        }
    }
}
