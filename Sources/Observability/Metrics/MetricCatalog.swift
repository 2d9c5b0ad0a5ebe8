/// Every series Fairway exposes: kube-proxy's own under their own names, so that its dashboards and
/// alerts work unchanged, then what only Fairway knows, then the process.
package enum MetricCatalog {
    /// 1 ms to 16.384 s, doubling: the buckets of kube-proxy's sync histograms.
    package static let syncBuckets: [Double] = (0..<15).map { 0.001 * Double(1 << $0) }

    /// 0.25 s to 5 min: fine to a minute, then in steps of 5 s and 30 s. The buckets of the network
    /// programming latency SLO of Kubernetes' SIG Scalability.
    package static let programmingBuckets: [Double] =
        [0.25, 0.5] + (1..<60).map(Double.init) + stride(from: 60.0, to: 120, by: 5)
        + stride(from: 120.0, through: 300, by: 30)

    /// For histograms that are not in the catalogue: 5 ms to 10 s.
    package static let defaultBuckets: [Double] = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    package static let all: [MetricDescription] = kubeProxy + fairway + process

    package static let kubeProxy: [MetricDescription] = [
        MetricDescription(
            "kubeproxy_sync_proxy_rules_duration_seconds", .histogram, labels: ["ip_family"],
            buckets: syncBuckets, help: "Time to bring the kernel in line with the Services, in seconds."),
        MetricDescription(
            "kubeproxy_sync_full_proxy_rules_duration_seconds", .histogram, labels: ["ip_family"],
            buckets: syncBuckets, help: "Time of syncs that compared everything, in seconds."),
        MetricDescription(
            "kubeproxy_sync_partial_proxy_rules_duration_seconds", .histogram, labels: ["ip_family"],
            buckets: syncBuckets, help: "Time of syncs that sent only what had changed, in seconds."),
        MetricDescription(
            "kubeproxy_sync_proxy_rules_last_timestamp_seconds", .gauge, labels: ["ip_family"],
            help: "When the rules were last synced, in seconds since 1970."),
        MetricDescription(
            "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds", .gauge, labels: ["ip_family"],
            help: "When a sync was last asked for, in seconds since 1970."),
        MetricDescription(
            "kubeproxy_network_programming_duration_seconds", .histogram, labels: ["ip_family"],
            buckets: programmingBuckets,
            help: "From the change of a pod or Service to the rules that follow it, in seconds."),
        MetricDescription(
            "kubeproxy_sync_proxy_rules_endpoint_changes_pending", .gauge,
            help: "Endpoint changes that wait for the next sync."),
        MetricDescription(
            "kubeproxy_sync_proxy_rules_endpoint_changes_total", .counter,
            help: "Endpoint changes seen."),
        MetricDescription(
            "kubeproxy_sync_proxy_rules_service_changes_pending", .gauge,
            help: "Service changes that wait for the next sync."),
        MetricDescription(
            "kubeproxy_sync_proxy_rules_service_changes_total", .counter,
            help: "Service changes seen."),
        MetricDescription(
            "kubeproxy_sync_proxy_rules_no_local_endpoints_total", .gauge,
            labels: ["traffic_policy", "ip_family"],
            help: "Services whose Local traffic policy finds no endpoint on this node."),
        MetricDescription(
            "kubeproxy_proxy_healthz_total", .counter, labels: ["code"],
            help: "Answers of /healthz by HTTP status."),
        MetricDescription(
            "kubeproxy_proxy_livez_total", .counter, labels: ["code"],
            help: "Answers of /livez by HTTP status."),
        MetricDescription(
            "kubeproxy_sync_proxy_rules_nftables_sync_failures_total", .counter, labels: ["ip_family"],
            help: "Syncs that the kernel refused."),
        MetricDescription(
            "kubeproxy_sync_proxy_rules_nftables_cleanup_failures_total", .counter, labels: ["ip_family"],
            help: "Removals of left-over nftables objects that the kernel refused."),
        MetricDescription(
            "kubeproxy_conntrack_reconciler_sync_duration_seconds", .histogram, labels: ["ip_family"],
            buckets: syncBuckets, help: "Time to find and delete stale flows after a sync, in seconds."),
        MetricDescription(
            "kubeproxy_conntrack_reconciler_deleted_entries_total", .counter, labels: ["ip_family"],
            help: "Stale flows deleted from connection tracking."),
    ]

    package static let fairway: [MetricDescription] = [
        MetricDescription(
            "fairway_build_info", .gauge, labels: ["version"], help: "1, labelled with the version that runs."),
        MetricDescription(
            "fairway_foreign_changes_total", .counter, labels: ["ip_family"],
            help: "Commits of others that changed Fairway's tables."),
        MetricDescription(
            "fairway_resyncs_total", .counter, labels: ["reason"],
            help: "Comparisons of everything with the kernel after the first, by what asked for them."),
        MetricDescription("fairway_services", .gauge, help: "Services known."),
        MetricDescription("fairway_endpoints", .gauge, help: "Endpoints known, of all Services."),
        MetricDescription(
            "fairway_manifest_faults", .gauge, help: "Faults in the manifests as they are now."),
        MetricDescription(
            "fairway_manifest_objects_skipped", .gauge, labels: ["kind"],
            help: "Objects in the manifests of kinds that Fairway does not use."),
        MetricDescription(
            "fairway_pods_without_address", .gauge, help: "Pods that have no address yet."),
        MetricDescription(
            "fairway_health_check_ports", .gauge, labels: ["state"],
            help: "Health check ports of Services, each address counted, that are open or that cannot be had."),
        MetricDescription(
            "fairway_health_check_connections", .gauge, help: "Open connections to health check ports of Services."),
        MetricDescription(
            "fairway_health_check_pauses_total", .counter, labels: ["limit"],
            help: "Times that a health check port took no more connections: it had its limit, or all together had theirs."),
        MetricDescription(
            PrometheusMetrics.droppedSeriesMetric, .counter, labels: ["metric"],
            help: "Series not kept: over a limit, or against the metric's description."),
    ]

    package static let process: [MetricDescription] = [
        MetricDescription(
            "process_cpu_seconds_total", .counter, help: "CPU time used, user and system, in seconds."),
        MetricDescription("process_open_fds", .gauge, help: "Open file descriptors."),
        MetricDescription(
            "process_resident_memory_bytes", .gauge, help: "Resident memory (VmRSS), in bytes."),
        MetricDescription(
            "process_start_time_seconds", .gauge, help: "When the process started, in seconds since 1970."),
    ]
}
