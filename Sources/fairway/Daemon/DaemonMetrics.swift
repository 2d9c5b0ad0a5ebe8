internal import Conntrack
internal import CoreMetrics
internal import Dataplane
internal import FoundationEssentials
internal import KubernetesModel
internal import NetworkTypes
internal import ObjectStore
internal import Observability

/// What the daemon counts, under kube-proxy's names (reference 6.3) and Fairway's own.
struct DaemonMetrics: Sendable {
    let prometheus: PrometheusMetrics

    /// A step of the table goes to the runner.
    func queued(_ families: [IPFamily]) {
        let now = Date.now.timeIntervalSince1970
        for family in families {
            Gauge(label: "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds", dimensions: dimensions(family))
                .record(now)
        }
    }

    func finished(_ outcome: DataplaneRunner.Outcome) {
        let family = dimensions(outcome.family)
        if let reason = outcome.reason, reason != .start {
            Counter(label: "fairway_resyncs_total", dimensions: [("reason", reason.rawValue)]).increment()
        }
        switch outcome.result {
        case .success:
            record("kubeproxy_sync_proxy_rules_duration_seconds", outcome.duration, family)
            record(
                outcome.isFull
                    ? "kubeproxy_sync_full_proxy_rules_duration_seconds"
                    : "kubeproxy_sync_partial_proxy_rules_duration_seconds", outcome.duration, family)
            record("kubeproxy_network_programming_duration_seconds", outcome.delay, family)
            Gauge(label: "kubeproxy_sync_proxy_rules_last_timestamp_seconds", dimensions: family)
                .record(Date.now.timeIntervalSince1970)
        case .failure:
            Counter(label: "kubeproxy_sync_proxy_rules_nftables_sync_failures_total", dimensions: family).increment()
        }
    }

    /// Somebody else changed Fairway's table of this family.
    func foreignChange(_ family: IPFamily) {
        Counter(label: "fairway_foreign_changes_total", dimensions: dimensions(family)).increment()
    }

    /// Stale flows were looked for.
    func swept(_ outcome: ConntrackRunner.Outcome) {
        guard case .success(let report) = outcome.result else { return }
        let family = dimensions(outcome.family)
        record("kubeproxy_conntrack_reconciler_sync_duration_seconds", outcome.duration, family)
        Counter(label: "kubeproxy_conntrack_reconciler_deleted_entries_total", dimensions: family)
            .increment(by: report.deleted)
    }

    /// Objects that changed in one batch.
    func changed(_ dirty: DirtyKeys) {
        let services = dirty.objects.count { $0.kind == .service }
        let slices = dirty.objects.count { $0.kind == .endpointSlice }
        if services > 0 {
            Counter(label: "kubeproxy_sync_proxy_rules_service_changes_total").increment(by: services)
        }
        if slices > 0 {
            Counter(label: "kubeproxy_sync_proxy_rules_endpoint_changes_total").increment(by: slices)
        }
    }

    /// Has gauges that are only worth reading at a scrape read then.
    func readAtScrape(engine: Engine, manifests: ManifestReport) {
        prometheus.readAtScrape(manifests)
        prometheus.onScrape { metrics in
            let view = engine.view
            metrics.set("fairway_services", to: Double(view.snapshot.services.count))
            metrics.set(
                "fairway_endpoints",
                to: Double(view.snapshot.endpointSlices.values.reduce(0) { $0 + $1.endpoints.count }))
        }
    }

    private func record(_ name: String, _ duration: Duration, _ dimensions: [(String, String)]) {
        let (seconds, attoseconds) = duration.components
        CoreMetrics.Timer(label: name, dimensions: dimensions).recordNanoseconds(
            seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    private func dimensions(_ family: IPFamily) -> [(String, String)] { [("ip_family", family.description)] }
}

extension PrometheusMetrics {
    /// The process, its version, and what is wrong with its manifests.
    func readAtScrape(_ manifests: ManifestReport) {
        set("fairway_build_info", [("version", Version.number)], to: 1)
        onScrape(ProcessStatistics.collect)
        onScrape { metrics in
            let contents = manifests.contents
            metrics.set("fairway_manifest_faults", to: Double(contents.faults.count))
            metrics.set("fairway_pods_without_address", to: Double(contents.podsWithoutAddress))
            metrics.replace(
                "fairway_manifest_objects_skipped",
                with: contents.skippedKinds.map { (labels: [("kind", $0.key)], value: Double($0.value)) })
        }
    }
}
