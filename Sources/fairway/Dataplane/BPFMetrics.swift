internal import BPFDataplane
internal import NetworkTypes
internal import Observability
internal import ServiceTable
internal import Synchronization

/// What the ebpf mode counted, read out of the kernel at a scrape.
final class BPFMetrics: Sendable {
    private let view: BPFView
    /// Backends take their counts along when they go; their Service keeps them.
    private let memory = Mutex(Memory())

    private struct Memory {
        var last: [UInt32: (key: ServicePortKey, traffic: BPFTraffic)] = [:]
        var gone: [ServicePortKey: BPFTraffic] = [:]
    }

    init(view: BPFView) { self.view = view }

    func readAtScrape(_ prometheus: PrometheusMetrics) {
        prometheus.onScrape { metrics in
            // What cannot be read is left as it was.
            if let servers = try? self.view.virtualServers() { self.collect(servers, metrics) }
            for (reason, count) in (try? self.view.drops()) ?? [] {
                metrics.set("fairway_ebpf_drops_total", [("reason", reason)], to: Double(count))
            }
            if let usage = try? self.view.usage() { Self.collect(usage, metrics) }
        }
    }

    private static func collect(_ usage: BPFTableUsage, _ metrics: PrometheusMetrics) {
        let tables = [
            ("connections", usage.connections, usage.connectionLimit, usage.connectionsRefused),
            ("sockets", usage.sockets, usage.socketLimit, usage.socketsUncounted),
        ]
        for (table, entries, limit, full) in tables {
            metrics.set("fairway_ebpf_table_entries", [("table", table)], to: Double(entries))
            metrics.set("fairway_ebpf_table_limit", [("table", table)], to: Double(limit))
            metrics.set("fairway_ebpf_table_full_total", [("table", table)], to: Double(full))
        }
        metrics.set("fairway_ebpf_connections_ended_total", [("cause", "expired")], to: Double(usage.expired))
        metrics.set("fairway_ebpf_connections_ended_total", [("cause", "evicted")], to: Double(usage.evicted))
    }

    private typealias Series = [(labels: [(String, String)], value: Double)]

    private func collect(_ servers: [BPFVirtualServer], _ metrics: PrometheusMetrics) {
        var active: Series = []
        var backends = TrafficSeries()
        for server in servers {
            guard let key = server.key else { continue }
            for backend in server.servers {
                let labels = Self.labels(key) + [("backend", backend.address.description(withPort: backend.port))]
                active.append((labels, Double(backend.active)))
                backends.add(backend.traffic, labels)
            }
        }
        metrics.replace("fairway_backend_active_connections", with: active)
        backends.write(to: metrics, "fairway_backend")
        var services = TrafficSeries()
        for (key, traffic) in sums(servers) { services.add(traffic, Self.labels(key)) }
        services.write(to: metrics, "fairway_service")
    }

    /// By Service port, with what backends counted that have gone since the first scrape.
    private func sums(_ servers: [BPFVirtualServer]) -> [ServicePortKey: BPFTraffic] {
        memory.withLock { memory in
            var now: [UInt32: (key: ServicePortKey, traffic: BPFTraffic)] = [:]
            var sums: [ServicePortKey: BPFTraffic] = [:]
            for server in servers {
                guard let key = server.key else { continue }
                sums[key] = BPFTraffic()
                for backend in server.servers { now[backend.id] = (key, backend.traffic) }
            }
            for (id, (key, traffic)) in memory.last where now[id] == nil {
                memory.gone[key] = (memory.gone[key] ?? BPFTraffic()) + traffic
            }
            memory.gone = memory.gone.filter { sums[$0.key] != nil }
            memory.last = now
            for (key, traffic) in now.values { sums[key] = (sums[key] ?? BPFTraffic()) + traffic }
            for (key, traffic) in memory.gone { sums[key] = (sums[key] ?? BPFTraffic()) + traffic }
            return sums
        }
    }

    private static func labels(_ key: ServicePortKey) -> [(String, String)] {
        [
            ("namespace", key.id.namespace), ("service", key.id.service), ("port", key.id.portName),
            ("protocol", key.id.protocol.kubernetesName), ("ip_family", key.family.description),
        ]
    }

    private struct TrafficSeries {
        var connections: Series = []
        var packets: Series = []
        var bytes: Series = []

        mutating func add(_ traffic: BPFTraffic, _ labels: [(String, String)]) {
            connections.append((labels, Double(traffic.connections)))
            packets.append((labels + [("direction", "in")], Double(traffic.packetsIn)))
            packets.append((labels + [("direction", "out")], Double(traffic.packetsOut)))
            bytes.append((labels + [("direction", "in")], Double(traffic.bytesIn)))
            bytes.append((labels + [("direction", "out")], Double(traffic.bytesOut)))
        }

        func write(to metrics: PrometheusMetrics, _ prefix: String) {
            metrics.replace("\(prefix)_connections_total", with: connections)
            metrics.replace("\(prefix)_packets_total", with: packets)
            metrics.replace("\(prefix)_bytes_total", with: bytes)
        }
    }
}
