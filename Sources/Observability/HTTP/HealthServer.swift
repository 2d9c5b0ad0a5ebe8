package import Logging
import ServiceLifecycle

/// `/healthz`, `/livez` and `/readyz` on `--healthz-bind-address`, as kube-proxy serves them on 10256.
package struct HealthServer: Service {
    private let address: ListenAddress
    private let pages: HealthPages
    private let logger: Logger
    private let onBound: @Sendable (BoundAddress) async -> Void

    /// - Parameters:
    ///   - nodeEligible: whether load balancers may use this node; a node nothing is known of is.
    ///   - onBound: called once it listens.
    package init(
        address: ListenAddress, health: HealthState, metrics: PrometheusMetrics,
        nodeEligible: @escaping @Sendable () -> Bool = { true }, logger: Logger,
        onBound: @escaping @Sendable (BoundAddress) async -> Void = { _ in }
    ) {
        self.address = address
        self.logger = logger
        self.onBound = onBound
        pages = HealthPages(health: health, metrics: metrics, nodeEligible: nodeEligible)
    }

    /// Serves until shut down or cancelled.
    ///
    /// - Throws: `ListenError` when it cannot listen.
    package func run() async throws {
        let pages = pages
        try await HTTPListener(address: address, logger: logger, onBound: onBound) { path, _ in
            switch path {
            case "/healthz": pages.healthz()
            case "/livez": pages.livez()
            case "/readyz": pages.readyz()
            default: .text(404, "there are /healthz, /livez and /readyz here\n")
            }
        }.run()
    }
}
