internal import Logging
internal import Observability
internal import ServiceLifecycle

/// CoreDNS's three pages: `/health` on 8080, `/ready` on 8181, `/metrics` on 9153.
struct DNSPages {
    let service: DNSService
    let metrics: PrometheusMetrics
    /// A predecessor still has the addresses and is about to end.
    let waitsForAddresses: Bool
    let logger: Logger

    var services: [any ServiceLifecycle.Service] {
        let (configuration, engine, metrics) = (service.configuration, service.engine, metrics)
        return StatusPages(
            pages: [
                (configuration.health, "/health", { PageServer.Page(text: "OK") }),
                (configuration.ready, "/ready", { Self.ready(engine.readiness) }),
                (configuration.metrics, "/metrics", { .exposition(of: metrics) }),
            ], logPrefix: "dns ", waitsForAddresses: waitsForAddresses, logger: logger
        ).services
    }

    static func ready(_ readiness: DNSReadiness) -> PageServer.Page {
        guard let reason = readiness.reasonNotReady else { return PageServer.Page(text: "OK") }
        return PageServer.Page(status: 503, text: reason + "\n")
    }
}
