import CoreMetrics

/// The pages that say how the daemon fares; the health and the metrics server share them.
struct HealthPages: Sendable {
    let health: HealthState
    let metrics: PrometheusMetrics
    /// Whether load balancers may use this node: false once it is deleted or about to be scaled away.
    let nodeEligible: @Sendable () -> Bool

    /// 200 while the rules keep up and the node is to stay.
    func healthz() -> HTTPReply {
        let report = health.report()
        let eligible = nodeEligible()
        let status = report.healthy && eligible ? 200 : 503
        count("kubeproxy_proxy_healthz_total", status)
        return .json(status, report.json(nodeEligible: eligible))
    }

    /// 200 while the rules keep up, whatever becomes of the node.
    func livez() -> HTTPReply {
        let report = health.report()
        let status = report.healthy ? 200 : 503
        count("kubeproxy_proxy_livez_total", status)
        return .json(status, report.json())
    }

    /// 200 once the rules exist; else why not, a line each.
    func readyz() -> HTTPReply {
        let reasons = health.reasonsNotReady()
        return reasons.isEmpty
            ? .text(200, "ok\n") : .text(503, reasons.joined(separator: "\n") + "\n")
    }

    private func count(_ metric: String, _ status: Int) {
        metrics.makeCounter(label: metric, dimensions: [("code", String(status))]).increment(by: 1)
    }
}
