internal import CoreMetrics
internal import Glibc
internal import Logging
internal import ManifestSource
internal import Observability
internal import ServiceLifecycle

/// `fairway dns`: names alone, with no rules and no rights but for a port below 1024.
struct DNSDaemon {
    struct Configuration: Sendable {
        var source: ObjectSource
        var dns: DNSConfiguration
        /// Empty: none.
        var adminSocket: String
        /// Beside a predecessor that is about to end.
        var takesOver: Bool
    }

    let configuration: Configuration
    let logger: Logger

    /// Runs until SIGTERM, SIGINT or SIGHUP, and answers what has been asked until then.
    func run() async throws {
        let prometheus = PrometheusMetrics(catalog: MetricCatalog.all + MetricCatalog.dns + configuration.source.metrics)
        MetricsSystem.bootstrap(prometheus)
        let dns = try DNSService(configuration.dns, hostAddresses: try HostAddresses.current(), logger: logger)
        let kinds = configuration.watchedKinds
        let report = ManifestReport()
        let feed = NameFeed(configuration.source.makeFeed(kinds, namesToo: true)) { dns.follow($0, $1, $2) }
        prometheus.readAtScrape(report)
        DNSMetrics(service: dns).readAtScrape(prometheus)
        try await dns.listeners.bind(sharing: false)

        var services: [any Service] = [
            try configuration.source.makeService(kinds, contents: .names, report: report, logger: logger, apply: feed.apply)
        ]
        if let kubeconfig = try configuration.source.makeKubeconfigService(logger: logger) { services.append(kubeconfig) }
        if hasAdminSocket { services.append(adminServer(dns)) }
        services += DNSPages(
            service: dns, metrics: prometheus, waitsForAddresses: configuration.takesOver, logger: logger
        ).services
        services += dns.services()
        logger.info("\(Version.text) dns starts", metadata: ["source": "\(configuration.source.text)"])
        try await ServiceGroup.runUntilSignal(services)
        logger.info("fairway dns ends")
    }

    /// Where the default cannot be had, as without rights, DNS goes on without.
    private var hasAdminSocket: Bool {
        guard !configuration.adminSocket.isEmpty else { return false }
        guard configuration.adminSocket == AdminOptions.dnsSocket, geteuid() != 0 else { return true }
        // SAFETY: the literals are read during the calls.
        if unsafe access("/run/fairway", W_OK) == 0 || access("/run", W_OK) == 0 { return true }
        logger.warning("no admin socket: \(AdminOptions.dnsSocket) needs rights; give --admin-socket PATH to ask with fairway get")
        return false
    }

    private func adminServer(_ dns: DNSService) -> AdminServer {
        let (logger, path, admin) = (logger, configuration.adminSocket, DNSAdmin(service: dns))
        return AdminServer(
            path: path, takesOver: configuration.takesOver, logger: logger,
            onBound: { logger.info("admin socket at \(path)") },
            handler: { request in
                admin.answer(request)
                    ?? AdminResponse(
                        status: 404, contentType: "text/plain", text: "fairway dns has /v1/zone and /v1/dns only\n")
            })
    }
}

extension DNSDaemon.Configuration {
    /// What is followed, where the source is an API.
    var watchedKinds: WatchedKinds {
        guard case .api(let api) = source else { return WatchedKinds() }
        return .names(dns.nameNeeds, nodeName: dns.nodeName, endpoints: api.endpoints)
    }
}
