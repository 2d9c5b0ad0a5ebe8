extension MetricCatalog {
    /// The ebpf mode's. Part of the catalogue where it runs.
    package static let ebpf: [MetricDescription] =
        balanced(
            BalancedHelp(
                connections: "Connections that were balanced, of each Service port.",
                packets:
                    "Packets translated, from clients (in) and to them (out); those of sockets on the node are not counted.",
                bytes: "Bytes of these packets, with their IP headers.",
                backendConnections: "Connections balanced to the backend.",
                backendPackets: "Packets translated for the backend.",
                backendBytes: "Bytes of these packets, with their IP headers.")) + [
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
