extension MetricCatalog {
    /// Series of one metric where each backend is one: 10 000 Services of 5 endpoints, in and out.
    package static let backendSeriesPerMetric = 1 << 17

    static let service = ["namespace", "service", "port", "protocol", "ip_family"]
    static let backend = service + ["backend"]

    /// The ebpf mode's. Part of the catalogue where it runs.
    package static let ebpf: [MetricDescription] = [
        MetricDescription(
            "fairway_service_connections_total", .counter, labels: service,
            help: "Connections that were balanced, of each Service port."),
        MetricDescription(
            "fairway_service_packets_total", .counter, labels: service + ["direction"],
            help: "Packets translated, from clients (in) and to them (out); those of sockets on the node are not counted."),
        MetricDescription(
            "fairway_service_bytes_total", .counter, labels: service + ["direction"],
            help: "Bytes of these packets, with their IP headers."),
        MetricDescription(
            "fairway_backend_active_connections", .gauge, labels: backend, help: "Connections open now, of each backend."),
        MetricDescription(
            "fairway_backend_connections_total", .counter, labels: backend, help: "Connections balanced to the backend."),
        MetricDescription(
            "fairway_backend_packets_total", .counter, labels: backend + ["direction"],
            help: "Packets translated for the backend."),
        MetricDescription(
            "fairway_backend_bytes_total", .counter, labels: backend + ["direction"],
            help: "Bytes of these packets, with their IP headers."),
        MetricDescription(
            "fairway_ebpf_drops_total", .counter, labels: ["reason"],
            help: "Packets and connects that were dropped or refused, by reason."),
        MetricDescription(
            "fairway_ebpf_table_entries", .gauge, labels: ["table"],
            help: "Entries of the tables that traffic fills: connections, sockets."),
        MetricDescription(
            "fairway_ebpf_table_limit", .gauge, labels: ["table"],
            help: "Limits of these tables in entries of the map; a connection takes two, or four when it is masqueraded."),
        MetricDescription(
            "fairway_ebpf_table_full_total", .counter, labels: ["table"],
            help: "Connections dropped, and sockets not counted, because the table was full."),
        MetricDescription(
            "fairway_ebpf_connections_ended_total", .counter, labels: ["cause"],
            help: "Connections forgotten by the daemon: expired when idle, evicted to make room."),
    ]
}
