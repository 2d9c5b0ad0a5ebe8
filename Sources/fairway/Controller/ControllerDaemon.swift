internal import CoreMetrics
internal import EndpointSliceController
internal import Logging
internal import Observability
internal import ServiceLifecycle

/// `fairway controller`: one of several replicas that may write the slices.
struct ControllerDaemon {
    struct Configuration: Sendable {
        var source: APISource
        var publisher: SlicePublisherSettings
        /// Nil: it works without asking.
        var election: LeaderElectionOptions.Settings?
        /// Of this process among the replicas.
        var identity: String
        var healthz: ListenAddress?
        var metrics: ListenAddress?
    }

    let configuration: Configuration
    let logger: Logger

    /// Runs until SIGTERM, SIGINT or SIGHUP; a leader gives its Lease back.
    func run() async throws {
        let prometheus = PrometheusMetrics(
            catalog: MetricCatalog.all + MetricCatalog.kubernetes + MetricCatalog.controller)
        MetricsSystem.bootstrap(prometheus)
        let client = try configuration.source.makeClient(logger: logger)
        let events = try ClusterEvents(
            source: configuration.source, controller: "fairway-controller", instance: configuration.identity, logger: logger)
        logger.info("\(Version.text) controller starts", metadata: ["source": "\(configuration.source.text)"])
        var services: [any ServiceLifecycle.Service] = [
            ControllerService(configuration: configuration, client: client, events: events, logger: logger), events,
        ]
        if let kubeconfig = try KubeconfigService.make(configuration.source.followed, logger: logger) { services.append(kubeconfig) }
        services += pages(prometheus)
        try await ServiceGroup.runUntilSignal(services)
        logger.info("fairway controller ends")
    }

    private func pages(_ prometheus: PrometheusMetrics) -> [any ServiceLifecycle.Service] {
        StatusPages(
            pages: [
                (configuration.healthz, "/healthz", { PageServer.Page(text: "ok") }),
                (configuration.metrics, "/metrics", { .exposition(of: prometheus) }),
            ], logger: logger
        ).services
    }
}
