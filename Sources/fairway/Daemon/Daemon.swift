internal import BPFDataplane
internal import CoreMetrics
internal import Dataplane
internal import KubernetesModel
internal import LinuxSystem
internal import Logging
internal import ManifestSource
internal import NetworkTypes
internal import ObjectStore
internal import Observability
internal import Relay
internal import ServiceLifecycle
internal import ServicePolicy
internal import ServiceTable
internal import UserspaceDataplane

/// `fairway run`: wires sources, engine, dataplane and the places where the daemon answers.
struct Daemon {
    struct Configuration: Sendable {
        var source: ObjectSource
        var stateDirectory: String
        var policy: PolicyOptions
        var limits: SyncPacer.Limits
        var healthz: ListenAddress?
        var metrics: ListenAddress?
        var adminSocket: String
        var node: NodeSettings
        var closesStaleConnections: Bool
        var mode: ProxyMode
        /// Loopback addresses with NodePorts, served by a relay beside the dataplane.
        var localhostNodePorts: [IPAddress] = []
        var ebpf: BPFSettings
        var userspace: UserspaceConfiguration
        /// Nil: no DNS.
        var dns: DNSConfiguration?
        /// Descriptors that DNS keeps to; nil: as many as the process may have.
        var dnsDescriptors: UInt64?
        var healthChecks = HealthCheckLimits(limit: .max)
        /// A daemon that works here already is asked to end.
        var takesOver = false
        /// The file the options are from; nil: they are from flags alone.
        var reload: ConfigurationReload?
    }

    /// A change that waits longer than this for a completed sync makes `/healthz` fail: twice
    /// kube-proxy's sync period of 30 s, as kube-proxy has it.
    private static let healthTimeout = Duration.seconds(60)

    let configuration: Configuration
    let logger: Logger

    init(configuration: Configuration, logger: Logger) {
        self.configuration = configuration.withinDescriptors(logger: logger)
        self.logger = logger
    }

    /// Runs until SIGTERM, SIGINT or SIGHUP. Rules stay in place.
    func run() async throws {
        let logger = logger
        let prometheus = configuration.makeMetrics()
        MetricsSystem.bootstrap(prometheus)
        let metrics = DaemonMetrics(prometheus: prometheus)
        let health = HealthState(families: IPFamily.allCases, healthTimeout: Self.healthTimeout)
        let addresses = try HostAddresses.current()
        let succession = DaemonSuccession(configuration: configuration, hostAddresses: addresses, logger: logger)
        let (lock, mark, dns) = try await succession.begin()
        let node = try NodeService(
            settings: configuration.node, tunesConntrack: configuration.standsOnConntrack,
            watchesNode: configuration.isPrivileged,
            routesByMark: configuration.mode == .userspace && configuration.isPrivileged, lock: lock, logger: logger)

        let conntrack =
            configuration.mode.keepsFlowsInConntrack
            ? ConntrackService(closesTCP: configuration.closesStaleConnections, metrics: metrics, logger: logger) : nil
        let former = try FormerModes(configuration, logger: logger)
        let presence = configuration.redirects ? RelayPresence() : nil
        if presence?.isKnown == false {
            logger.warning("\(RelayPresence.limit) processes relay here already: a change of the mode does not wait for this one")
        }
        let events = try configuration.source.makeEvents(nodeName: configuration.policy.nodeName, logger: logger)
        let healthChecks = HealthCheckService(
            node: configuration.policy.nodeName, localhost: configuration.localhostNodePorts,
            limits: configuration.healthChecks, takesOver: configuration.takesOver, logger: logger,
            isHealthy: { health.report().healthy }, onFailure: { events?.healthCheckFailed($0) },
            onPorts: { node.changed(healthCheckPorts: $0) })
        healthChecks.readAtScrape(prometheus)
        let runner = DataplaneRunner(
            limits: configuration.limits,
            whenReady: {
                former.modeIsReady()
                mark.isServing()
                healthChecks.rulesAreServed()
            }
        ) { outcome in
            metrics.finished(outcome)
            conntrack?.follow(outcome)
            switch outcome.result {
            case .success(let report):
                health.synced(outcome.family)
                node.synced()
                logger.log(level: outcome.isFull ? .info : .debug, "\(outcome.text(report))")
            case .failure(let error):
                health.failed(outcome.family, reason: "\(error)")
                logger.error("\(outcome.family): \(error); everything is compared with the kernel next")
            }
        }
        let (view, relays) = (BPFView(), UserspaceView())
        let dataplane = DataplaneService(
            runner: runner, mode: try configuration.dataplaneMode(runner, metrics, view, relays, logger))
        let order = try await adopt(dataplane)
        conntrack?.adopt(order)
        let localhost = try makeLocalhost(mark)

        let kinds = configuration.watchedKinds
        let report = ManifestReport()
        let names = dns.map { dns in FollowerThread(named: "names") { dns.follow($0, $1, $2, since: $3) } }
        let engine = Engine(
            feed: configuration.source.makeFeed(kinds), options: configuration.policy, adoptedOrder: order,
            hostAddresses: addresses, metrics: metrics, nameKinds: kinds.expectedForNames,
            follow: { snapshot, dirty, _ in
                healthChecks.follow(snapshot, dirty)
                events?.follow(snapshot)
            },
            followNames: { names?.follow($0, $1, $2) }
        ) { change in
            for family in IPFamily.allCases { health.queued(family) }
            metrics.queued(IPFamily.allCases)
            node.changed(change)
            conntrack?.announce(change.new)
            runner.submit(change)
            healthChecks.submit(change)
            localhost?.submit(change)
        }
        metrics.readAtScrape(engine: engine, manifests: report)
        if configuration.mode == .ebpf { BPFMetrics(view: view).readAtScrape(prometheus) }
        if configuration.mode == .userspace { UserspaceMetrics(view: relays).readAtScrape(prometheus) }
        if let localhost { UserspaceMetrics.readAtScrape(prometheus, of: localhost.relay) }
        let objects = try configuration.source.makeService(
            kinds, report: report, logger: logger, conflicts: { events?.conflict($0, holder: $1) }
        ) { engine.apply($0) }

        var services: [any ServiceLifecycle.Service] = [
            dataplane, HostAddressService(engine: engine, logger: logger), objects, node, former, healthChecks,
        ]
        if let events { services.append(events) }
        if let kubeconfig = try configuration.source.makeKubeconfigService(logger: logger) { services.append(kubeconfig) }
        if let reload = configuration.reload {
            services.append(
                try ConfigurationService(reload, configuration: configuration, engine: engine, runner: runner, node: node, logger: logger))
        }
        if let conntrack { services.append(conntrack) }
        if let localhost { services.append(localhost) }
        if !configuration.adminSocket.isEmpty {
            services.append(
                adminServer(
                    AdminAPI(
                        configuration: configuration, engine: engine, health: health, manifests: report,
                        dns: dns.map(DNSAdmin.init),
                        virtualServers: configuration.mode == .ebpf ? VirtualServerQueries(view: view) : nil,
                        userspace: configuration.mode == .userspace ? UserspaceQueries(view: relays) : nil)))
        }
        services += listeners(health: health, prometheus: prometheus, engine: engine)
        if let dns {
            DNSMetrics(service: dns).readAtScrape(prometheus)
            services += DNSPages(service: dns, metrics: prometheus, waitsForAddresses: false, logger: logger).services
            services += dns.services(fedBy: names)
        }
        logger.info(
            "\(Version.text) starts",
            metadata: ["node": "\(configuration.policy.nodeName)", "source": "\(configuration.source.text)"])
        try await ServiceGroup.runUntilSignal(services)
        lock?.release()
        let farewell = RelayFarewell(
            engines: [relays.relay, localhost?.relay].compactMap { $0?.engine }, drainTime: configuration.userspace.drainSeconds.map { .seconds($0) }, logger: logger)
        try await farewell.run()
        withExtendedLifetime(presence) {}
        logger.info("fairway ends; its rules stay in place (fairway cleanup removes them)")
    }

    /// The relay of NodePorts at loopback addresses; nil where there are none.
    private func makeLocalhost(_ mark: SuccessorMark) throws(CommandFailure) -> LoopbackService? {
        guard !configuration.localhostNodePorts.isEmpty else { return nil }
        do throws(DataplaneError) {
            return try LoopbackService(
                at: configuration.localhostNodePorts, configuration.userspace, logger: logger, whenReady: { mark.isServing() })
        } catch { throw .failed("\(error)") }
    }

    private func adopt(_ dataplane: DataplaneService) async throws -> AdoptedOrder {
        do {
            return try await dataplane.start()
        } catch let error as DataplaneError {
            throw CommandFailure.failed("\(error)")
        }
    }

    private func adminServer(_ api: AdminAPI) -> AdminServer {
        let (logger, path) = (logger, configuration.adminSocket)
        return AdminServer(
            path: path, logger: logger, onBound: { logger.info("admin socket at \(path)") },
            handler: { api.answer($0) })
    }

    private func listeners(health: HealthState, prometheus: PrometheusMetrics, engine: Engine) -> [any ServiceLifecycle.Service] {
        let logger = logger
        let configuration = configuration
        var services: [any ServiceLifecycle.Service] = []
        if let address = configuration.healthz {
            let nodeKey = ObjectKey(namespace: "", name: configuration.policy.nodeName)
            services.append(
                HealthServer(
                    address: address, health: health, metrics: prometheus,
                    nodeEligible: { engine.view.snapshot.nodes[nodeKey].map(\.isEligible) ?? true }, logger: logger,
                    onBound: { logger.info("health at http://\($0)/readyz") }))
        }
        if let address = configuration.metrics {
            services.append(
                MetricsServer(
                    address: address, health: health, metrics: prometheus, proxyMode: configuration.mode.name,
                    configuration: { configuration.json }, logger: logger,
                    onBound: { logger.info("metrics at http://\($0)/metrics") }))
        }
        return services
    }
}

extension Node {
    /// Load balancers may send traffic here: not being deleted, not about to be removed (kube-proxy's healthz).
    fileprivate var isEligible: Bool {
        metadata.deletionTimestamp == nil && !taintKeys.contains("ToBeDeletedByClusterAutoscaler")
    }
}
