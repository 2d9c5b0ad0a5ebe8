/// What each metric of balanced traffic counts in a mode.
struct BalancedHelp {
    let connections, packets, bytes: String
    let backendConnections, backendPackets, backendBytes: String
}

extension MetricCatalog {
    /// Series of one metric where each backend is one: 10 000 Services of 5 endpoints, in and out.
    package static let backendSeriesPerMetric = 1 << 17

    static let service = ["namespace", "service", "port", "protocol", "ip_family"]
    static let backend = service + ["backend"]

    /// What every mode with counts of its own has: under the same names and labels, so that dashboards need not know the
    /// mode.
    static func balanced(_ help: BalancedHelp) -> [MetricDescription] {
        let (eachWay, eachWayOfBackend) = (service + ["direction"], backend + ["direction"])
        return [
            MetricDescription("fairway_service_connections_total", .counter, labels: service, help: help.connections),
            MetricDescription("fairway_service_packets_total", .counter, labels: eachWay, help: help.packets),
            MetricDescription("fairway_service_bytes_total", .counter, labels: eachWay, help: help.bytes),
            MetricDescription(
                "fairway_backend_active_connections", .gauge, labels: backend,
                help: "Connections open now, of each backend."),
            MetricDescription(
                "fairway_backend_connections_total", .counter, labels: backend, help: help.backendConnections),
            MetricDescription(
                "fairway_backend_packets_total", .counter, labels: eachWayOfBackend, help: help.backendPackets),
            MetricDescription(
                "fairway_backend_bytes_total", .counter, labels: eachWayOfBackend, help: help.backendBytes),
        ]
    }
}
