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
        let pages: [(address: ListenAddress?, path: String, page: @Sendable () -> PageServer.Page)] = [
            (configuration.health, "/health", { PageServer.Page(text: "OK") }),
            (configuration.ready, "/ready", { Self.ready(engine.readiness) }),
            (configuration.metrics, "/metrics", { .exposition(of: metrics) }),
        ]
        return pages.compactMap { item in
            guard let address = item.address else { return nil }
            let (logger, path) = (logger, item.path)
            return PageServer(
                address: address, path: path, waitsForAddress: waitsForAddresses, logger: logger,
                onBound: { logger.info("dns \(path.dropFirst()) at http://\($0)\(path)") }, page: item.page)
        }
    }

    static func ready(_ readiness: DNSReadiness) -> PageServer.Page {
        guard let reason = readiness.reasonNotReady else { return PageServer.Page(text: "OK") }
        return PageServer.Page(status: 503, text: reason + "\n")
    }
}
