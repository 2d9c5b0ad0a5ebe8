extension MetricCatalog {
    /// 0.5 ms to 4 s: an endpoint has 250 ms, 500 ms, 1 s and 2 s to answer, one attempt after the other.
    package static let userspaceConnectBuckets: [Double] = [
        0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2, 4,
    ]

    /// The userspace mode's, under the names of the ebpf mode where both count the same. Part of the catalogue where it
    /// runs.
    package static let userspace: [MetricDescription] =
        balanced(
            BalancedHelp(
                connections: "Connections and UDP sessions that an endpoint took, of each Service port.",
                packets: "Datagrams relayed, from clients (in) and to them (out).",
                bytes: "Bytes of payload relayed, from clients (in) and to them (out).",
                backendConnections: "Connections that the backend took.",
                backendPackets: "Datagrams relayed to and from the backend.",
                backendBytes: "Bytes of payload relayed to and from the backend.")) + [
                MetricDescription(
                    "fairway_service_retries_total", .counter, labels: service,
                    help: "Connections that an endpoint took after others had refused or not answered in time."),
                MetricDescription(
                    "fairway_service_connect_failures_total", .counter, labels: service,
                    help: "Attempts to reach an endpoint that were refused or not answered in time."),
                MetricDescription(
                    "fairway_backend_connect_failures_total", .counter, labels: backend,
                    help: "Attempts to reach the backend that were refused or not answered in time."),
            ] + relay

    /// Of any relay, also of one that serves NodePorts at loopback addresses beside another mode.
    package static let relay: [MetricDescription] = [
        MetricDescription(
            "fairway_userspace_connect_duration_seconds", .histogram, buckets: userspaceConnectBuckets,
            help: "TCP: from an attempt to reach an endpoint to its answer, in seconds."),
        MetricDescription(
            "fairway_userspace_refusals_total", .counter, labels: ["reason"],
            help: "Connections and datagrams that got no endpoint, by reason."),
        MetricDescription(
            "fairway_userspace_ended_total", .counter, labels: ["reason"], help: "Connections that ended, by reason."),
        MetricDescription(
            "fairway_userspace_pauses_total", .counter, labels: ["reason"],
            help: "Times that a thread stopped to take connections for a while, by reason."),
        MetricDescription(
            "fairway_userspace_datagrams_total", .counter, labels: ["result"],
            help: "UDP: datagrams that went nowhere (lost), ICMP errors that clients were sent (error_told) or not (error_not_told)."),
    ]
}
