extension MetricCatalog {
    /// 0.25 ms to 8.192 s, doubling: CoreDNS's buckets.
    package static let dnsDurationBuckets: [Double] = (0..<16).map { 0.00025 * Double(1 << $0) }

    /// Bytes: CoreDNS's buckets.
    package static let dnsSizeBuckets: [Double] = [
        0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16_000, 32_000, 48_000, 64_000,
    ]

    /// 1 ms to 524 s, doubling: CoreDNS's buckets.
    package static let dnsProgrammingBuckets: [Double] = (0..<20).map { 0.001 * Double(1 << $0) }

    private static let place = ["server", "zone", "view"]
    private static let cache = ["server", "type", "zones", "view"]

    /// Cluster DNS: CoreDNS's series under their own names, so that its dashboards and alerts work unchanged, then what
    /// only Fairway knows. Part of the catalogue where DNS is served.
    package static let dns: [MetricDescription] = coreDNS + coreDNSForwarding + fairwayDNS

    package static let coreDNS: [MetricDescription] = [
        MetricDescription(
            "coredns_build_info", .gauge, labels: ["version", "revision", "goversion"],
            help: "1, labelled with the version that runs; goversion is the compiler's."),
        MetricDescription(
            "coredns_dns_requests_total", .counter, labels: place + ["proto", "family", "type"], help: "Requests."),
        MetricDescription(
            "coredns_dns_responses_total", .counter, labels: place + ["rcode", "plugin"],
            help: "Responses; plugin says who knew: kubernetes (the cluster's objects) or forward."),
        MetricDescription(
            "coredns_dns_request_duration_seconds", .histogram, labels: place, buckets: dnsDurationBuckets,
            help: "From a request to its response, in seconds."),
        MetricDescription(
            "coredns_dns_request_size_bytes", .histogram, labels: place + ["proto"], buckets: dnsSizeBuckets,
            help: "Size of requests, in bytes."),
        MetricDescription(
            "coredns_dns_response_size_bytes", .histogram, labels: place + ["proto"], buckets: dnsSizeBuckets,
            help: "Size of responses, in bytes."),
        MetricDescription(
            "coredns_dns_do_requests_total", .counter, labels: place, help: "Requests with the DO bit."),
        MetricDescription(
            "coredns_autopath_success_total", .counter, labels: ["server"],
            help: "Questions answered with a name further on in the client's search path."),
        MetricDescription(
            "coredns_panics_total", .counter, help: "Always 0: a fault of the program ends the process."),
        MetricDescription(
            "coredns_plugin_enabled", .gauge, labels: place + ["name"], help: "1 for what is in use."),
        MetricDescription(
            "coredns_kubernetes_dns_programming_duration_seconds", .histogram, labels: ["service_kind"],
            buckets: dnsProgrammingBuckets,
            help: "From the change of an endpoint of a headless Service to the name that shows it, in seconds."),
    ]

    package static let coreDNSForwarding: [MetricDescription] = [
        MetricDescription("coredns_cache_entries", .gauge, labels: cache, help: "Answers kept."),
        MetricDescription("coredns_cache_hits_total", .counter, labels: cache, help: "Questions answered from the cache."),
        MetricDescription(
            "coredns_cache_misses_total", .counter, labels: ["server", "zones", "view"],
            help: "Questions the cache had no answer to."),
        MetricDescription(
            "coredns_cache_requests_total", .counter, labels: ["server", "zones", "view"],
            help: "Questions the cache was asked."),
        MetricDescription(
            "coredns_cache_prefetch_total", .counter, labels: ["server", "zones", "view"],
            help: "Answers fetched anew before they were too old."),
        MetricDescription(
            "coredns_cache_drops_total", .counter, labels: ["server", "zones", "view"], help: "Answers that could not be kept."),
        MetricDescription(
            "coredns_cache_served_stale_total", .counter, labels: ["server", "zones", "view"],
            help: "Questions answered with data past its time, as nobody else could be reached."),
        MetricDescription(
            "coredns_cache_evictions_total", .counter, labels: cache, help: "Answers that made room for others."),
        MetricDescription(
            "coredns_forward_requests_total", .counter, labels: ["to"], help: "Questions to a server."),
        MetricDescription(
            "coredns_forward_responses_total", .counter, labels: ["to", "rcode"], help: "Answers of a server."),
        MetricDescription(
            "coredns_forward_request_duration_seconds", .histogram, labels: ["to"], buckets: dnsDurationBuckets,
            help: "From a question to a server to its answer, in seconds."),
        MetricDescription(
            "coredns_forward_max_concurrent_rejects_total", .counter,
            help: "Questions refused because too many were under way."),
        MetricDescription(
            "coredns_forward_healthcheck_broken_total", .counter, help: "Questions for which every server was down."),
        MetricDescription(
            "coredns_proxy_request_duration_seconds", .histogram, labels: ["proxy_name", "to", "rcode"],
            buckets: dnsDurationBuckets, help: "From a question to a server to its answer, in seconds."),
        MetricDescription(
            "coredns_proxy_conn_cache_hits_total", .counter, labels: ["proxy_name", "to", "proto"],
            help: "Questions sent over a connection that was open already."),
        MetricDescription(
            "coredns_proxy_conn_cache_misses_total", .counter, labels: ["proxy_name", "to", "proto"],
            help: "Questions that needed a connection of their own."),
    ]

    package static let fairwayDNS: [MetricDescription] = [
        MetricDescription(
            "fairway_dns_synced", .gauge, help: "1 when the zone follows the cluster; 0 before, also while it is last run's."),
        MetricDescription(
            "fairway_dns_data_age_seconds", .gauge,
            help: "Since the source was last known to be heard from, in seconds; +Inf before the first time."),
        MetricDescription(
            "fairway_dns_source_age_seconds", .gauge, labels: ["kind"],
            help: "Since the source was last known to be heard from about a kind of object, in seconds."),
        MetricDescription("fairway_dns_names", .gauge, help: "Names of the cluster's domain."),
        MetricDescription("fairway_dns_pointers", .gauge, help: "Addresses with a name."),
        MetricDescription(
            "fairway_dns_truncated_total", .counter, labels: ["zone", "proto"], help: "Responses that did not fit (TC)."),
        MetricDescription(
            "fairway_dns_dropped_total", .counter, labels: ["reason"], help: "Requests that got no response."),
        MetricDescription(
            "fairway_dns_nxdomain_truncated_total", .counter,
            help: "Empty truncated responses instead of NXDOMAIN, to clients beyond their rate."),
        MetricDescription(
            "fairway_dns_query_log_dropped_total", .counter, help: "Requests missing in the query log, which was too slow."),
        MetricDescription("fairway_dns_forwarded_total", .counter, help: "Questions handed to the forwarder."),
        MetricDescription(
            "fairway_dns_forward_rejects_total", .counter, labels: ["reason"],
            help: "Questions that the forwarder had no room for: of all, of their client, or beside equal ones; or that gave way."),
        MetricDescription("fairway_dns_forward_questions", .gauge, help: "Questions being asked of other servers."),
        MetricDescription("fairway_dns_forward_sockets", .gauge, help: "Sockets that these questions have."),
        MetricDescription(
            "fairway_dns_forward_withheld_queries_total", .counter,
            help: "Further queries of a question that waited for want of a socket."),
        MetricDescription("fairway_dns_cache_bytes", .gauge, help: "Memory of the answers kept, in bytes."),
        MetricDescription("fairway_dns_tcp_connections", .gauge, help: "Open TCP connections."),
        MetricDescription("fairway_dns_tcp_connections_total", .counter, help: "TCP connections accepted."),
        MetricDescription(
            "fairway_dns_tcp_closed_total", .counter, labels: ["reason"], help: "TCP connections closed by Fairway."),
        MetricDescription("fairway_dns_zone_update_seconds", .histogram, buckets: dnsProgrammingBuckets,
            help: "From an event to the snapshot that shows it, in seconds."),
        MetricDescription(
            "fairway_dns_state_failures_total", .counter, help: "Writes of the state file that the folder refused."),
    ]
}
