internal import BPFDataplane
internal import Dataplane
internal import LinuxSystem
internal import Logging
internal import NetworkTypes
internal import Observability
internal import Relay
internal import ServicePolicy
internal import UserspaceDataplane

extension Daemon.Configuration {
    /// With the series of what this daemon does.
    func makeMetrics() -> PrometheusMetrics {
        var catalog = MetricCatalog.all + source.metrics
        if dns != nil { catalog += MetricCatalog.dns }
        if !localhostNodePorts.isEmpty { catalog += MetricCatalog.relay }
        switch mode {
        case .nftables: return PrometheusMetrics(catalog: catalog)
        case .ebpf: catalog += MetricCatalog.ebpf
        case .userspace: catalog += MetricCatalog.userspace
        }
        return PrometheusMetrics(catalog: catalog, seriesPerMetric: MetricCatalog.backendSeriesPerMetric)
    }

    func dataplaneMode(
        _ runner: DataplaneRunner, _ metrics: DaemonMetrics, _ view: BPFView, _ relays: UserspaceView, _ logger: Logger
    ) throws -> DataplaneService.Mode {
        switch mode {
        case .nftables: .nftables(try TableWatchService(runner: runner, metrics: metrics, logger: logger))
        case .ebpf:
            .ebpf(ebpf, view) { notice in
                logger.log(level: notice.isWarning ? .warning : .info, "\(notice)")
            }
        case .userspace:
            .userspace(
                userspace, relays,
                isPrivileged
                    ? try TableWatchService(
                        tableName: UserspaceDataplane.tableName, runner: runner, metrics: metrics, logger: logger) : nil
            ) { logger.warning("\($0)") }
        }
    }

    /// What a process has that nobody set a limit for.
    private static let usualDescriptorLimit: UInt64 = 1024

    /// Raises the limit of descriptors, and gives each who may take many its part.
    func withinDescriptors(logger: Logger) -> Self {
        var limit = Self.usualDescriptorLimit
        do throws(Errno) { limit = try DescriptorLimit.raise() } catch {
            logger.warning("the limit of descriptors stays as it is: \(error)")
        }
        var configuration = self
        configuration.healthChecks = HealthCheckLimits(limit: limit)
        guard hasRelay else {
            let rest = limit - min(limit, UInt64(configuration.healthChecks.descriptors))
            configuration.dnsDescriptors = dns == nil ? nil : rest
            return configuration
        }
        let threads = mode == .userspace ? userspace.relay.workerCount : LoopbackService.threads
        let budget = RelayBudget(limit: limit, threads: threads, hasDNS: dns != nil)
        configuration.healthChecks = budget.healthChecks
        budget.limit(&configuration.userspace.relay)
        configuration.dnsDescriptors = dns == nil ? nil : UInt64(budget.reserve + budget.dns)
        logger.debug(
            "up to \(limit) descriptors: \(budget.connections) connections and \(budget.sessions) UDP sessions may be relayed")
        return configuration
    }

    /// Some connections pass through this process.
    var hasRelay: Bool { mode == .userspace || !localhostNodePorts.isEmpty }

    /// What keeps in step with the Services, each on its own.
    var dataplaneCount: Int { localhostNodePorts.isEmpty ? 1 : 2 }

    /// Packets of Services pass connection tracking.
    var standsOnConntrack: Bool { mode == .nftables || (mode == .userspace && isPrivileged) }

    /// The kernel is written to. False where frontends are bound, as a plain user may.
    var isPrivileged: Bool { mode != .userspace || userspace.settings.binding == .redirect }

    /// Packets are brought to a relay of this process.
    var redirects: Bool { mode == .userspace && isPrivileged }

    /// What is followed, where the source is an API.
    var watchedKinds: WatchedKinds {
        guard case .api(let api) = source else { return WatchedKinds() }
        return .node(named: policy.nodeName, endpoints: api.endpoints, names: dns?.nameNeeds)
    }

    /// What is in force, for `/configz`.
    struct Document: Codable {
        var source: String
        var proxyMode: String
        var stateDir: String
        var nodeName: String
        var clusterCIDR: [String]
        var serviceClusterIPRange: [String]
        var masqueradeAll: Bool
        var adminSocket: String
    }

    var json: String {
        let document = Document(
            source: source.text, proxyMode: mode.name, stateDir: stateDirectory, nodeName: policy.nodeName,
            clusterCIDR: policy.clusterCIDRs.map(\.description),
            serviceClusterIPRange: policy.serviceRanges.map(\.description), masqueradeAll: policy.masqueradeAll,
            adminSocket: adminSocket)
        return (try? AdminJSON.text(document)) ?? "{}"
    }
}
