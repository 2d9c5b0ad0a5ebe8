internal import ClusterZone
internal import DNSForwarder
internal import DNSServer
internal import DNSWire
internal import FoundationEssentials
internal import KubernetesModel
internal import LinuxSystem
internal import NetworkTypes
internal import Observability

/// Cluster DNS in CoreDNS's series; everything is read at a scrape.
struct DNSMetrics: Sendable {
    let service: DNSService

    /// CoreDNS names a server by scheme and port.
    var serverLabel: String { "dns://:\(service.listeners.bound.first?.port ?? 53)" }
    private static let view = ("view", "")

    func readAtScrape(_ prometheus: PrometheusMetrics) {
        prometheus.set("coredns_build_info", [("version", Version.number), ("revision", ""), ("goversion", "")], to: 1)
        prometheus.onScrape { metrics in
            collectServer(metrics)
            collectZone(metrics)
            collectStreams(metrics)
            collectForwarder(metrics)
        }
    }

    private func collectServer(_ metrics: PrometheusMetrics) {
        let totals = service.totals
        for (request, count) in totals.requests {
            let labels = place(request.section) + [
                ("proto", request.transport.label), ("family", request.family == .ipv4 ? "1" : "2"),
                ("type", request.type?.description ?? "other"),
            ]
            metrics.set("coredns_dns_requests_total", labels, to: Double(count))
        }
        for (zone, codes) in totals.responses {
            for (code, count) in codes {
                let labels = place(zone) + [("rcode", code.description), ("plugin", Self.plugin(zone))]
                metrics.set("coredns_dns_responses_total", labels, to: Double(count))
            }
        }
        for (zone, durations) in totals.durations {
            metrics.setHistogram("coredns_dns_request_duration_seconds", place(zone), counts: durations.counts, sum: durations.sum)
        }
        for (name, sizes) in [
            ("coredns_dns_request_size_bytes", totals.requestSizes), ("coredns_dns_response_size_bytes", totals.responseSizes),
        ] {
            for (path, size) in sizes {
                let labels = place(path.section) + [("proto", path.transport.label)]
                metrics.setHistogram(name, labels, counts: size.counts, sum: size.sum)
            }
        }
        for (zone, count) in totals.dnssecOK { metrics.set("coredns_dns_do_requests_total", place(zone), to: Double(count)) }
        for (path, count) in totals.truncated {
            let labels = [("zone", zoneName(path.section)), ("proto", path.transport.label)]
            metrics.set("fairway_dns_truncated_total", labels, to: Double(count))
        }
        for (reason, count) in [
            ("malformed", totals.dropped), ("nxdomain_rate", totals.withheldNameErrors), ("unsent", totals.unsent),
        ] {
            metrics.set("fairway_dns_dropped_total", [("reason", reason)], to: Double(count))
        }
        metrics.set("fairway_dns_nxdomain_truncated_total", to: Double(totals.truncatedNameErrors))
        if service.configuration.answersSearchPath {
            metrics.set("coredns_autopath_success_total", [("server", serverLabel)], to: Double(totals.searches))
        }
        if let log = service.queryLog { metrics.set("fairway_dns_query_log_dropped_total", to: Double(log.dropped)) }
        metrics.set("fairway_dns_forwarded_total", to: Double(totals.forwarded))
    }

    private func collectZone(_ metrics: PrometheusMetrics) {
        let zone = service.engine.publisher.zone
        let readiness = service.engine.readiness
        metrics.set("fairway_dns_synced", to: zone.readiness == .synced ? 1 : 0)
        metrics.set("fairway_dns_data_age_seconds", to: readiness.age)
        // Before the first list no kind has an age of its own.
        if zone.readiness == .synced {
            for (kind, age) in readiness.kindAges {
                metrics.set("fairway_dns_source_age_seconds", [("kind", kind.rawValue)], to: age)
            }
        }
        metrics.set("fairway_dns_names", to: Double(zone.nameCount))
        metrics.set("fairway_dns_pointers", to: Double(zone.pointerCount))
        var enabled: [(ZoneSection, String)] = [
            (.cluster, "kubernetes"), (.cluster, "prometheus"), (.cluster, "loadbalance"), (.cluster, "errors"),
        ]
        if service.configuration.answersSearchPath { enabled.append((.cluster, "autopath")) }
        if service.queryLog != nil { enabled.append((.cluster, "log")) }
        if service.forwarder != nil { enabled += [(.other, "forward"), (.other, "cache"), (.other, "loop")] }
        if service.configuration.health != nil { enabled.append((.other, "health")) }
        if service.configuration.ready != nil { enabled.append((.other, "ready")) }
        for (zone, name) in enabled { metrics.set("coredns_plugin_enabled", place(zone) + [("name", name)], to: 1) }
    }

    private func collectStreams(_ metrics: PrometheusMetrics) {
        let counters = service.listeners.tcp.counters
        metrics.set("fairway_dns_tcp_connections", to: Double(counters.open))
        metrics.set("fairway_dns_tcp_connections_total", to: Double(counters.accepted))
        metrics.set("fairway_dns_tcp_closed_total", [("reason", "refused")], to: Double(counters.refused))
        for (reason, count) in counters.closed {
            metrics.set("fairway_dns_tcp_closed_total", [("reason", reason.rawValue)], to: Double(count))
        }
    }

    private func place(_ zone: ZoneSection) -> [(String, String)] {
        [("server", serverLabel), ("zone", zoneName(zone)), Self.view]
    }

    private func zoneName(_ zone: ZoneSection) -> String {
        switch zone {
        case .cluster: service.configuration.domain.description
        case .reverse: "arpa."
        case .other: "."
        }
    }

    private static func plugin(_ zone: ZoneSection) -> String {
        switch zone {
        case .cluster, .reverse: "kubernetes"
        case .other: "forward"
        }
    }
}

extension QueryTransport {
    fileprivate var label: String { self == .udp ? "udp" : "tcp" }
}
