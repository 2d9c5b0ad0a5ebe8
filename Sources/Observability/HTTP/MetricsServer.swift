package import Logging
import ServiceLifecycle

/// `/metrics`, `/healthz`, `/readyz`, `/proxyMode` and `/configz` on `--metrics-bind-address`, as
/// kube-proxy serves them on 10249.
package struct MetricsServer: Service {
    private let address: ListenAddress
    private let pages: HealthPages
    private let proxyMode: String
    private let configuration: @Sendable () async -> String
    private let logger: Logger
    private let onBound: @Sendable (BoundAddress) async -> Void

    /// - Parameters:
    ///   - proxyMode: `nftables`, `ebpf` or `userspace`.
    ///   - configuration: the configuration in force, as JSON.
    ///   - onBound: called once it listens.
    package init(
        address: ListenAddress, health: HealthState, metrics: PrometheusMetrics, proxyMode: String,
        configuration: @escaping @Sendable () async -> String, logger: Logger,
        onBound: @escaping @Sendable (BoundAddress) async -> Void = { _ in }
    ) {
        self.address = address
        self.proxyMode = proxyMode
        self.configuration = configuration
        self.logger = logger
        self.onBound = onBound
        pages = HealthPages(health: health, metrics: metrics, nodeEligible: { true })
    }

    /// Serves until shut down or cancelled.
    ///
    /// - Throws: `ListenError` when it cannot listen.
    package func run() async throws {
        let pages = pages
        let proxyMode = proxyMode
        let configuration = configuration
        try await HTTPListener(address: address, logger: logger, onBound: onBound) { path, _ in
            switch path {
            case "/metrics":
                HTTPReply(200, ExpositionWriter.contentType, Array(pages.metrics.exposition().utf8))
            case "/healthz": .text(200, "ok")
            case "/readyz": pages.readyz()
            case "/proxyMode": .text(200, proxyMode)
            case "/configz": .json(200, await configuration())
            default: .text(404, "there are /metrics, /healthz, /readyz, /proxyMode and /configz here\n")
            }
        }.run()
    }
}
