internal import ClusterZone
internal import DNSForwarder
internal import DNSServer
internal import KubernetesModel
internal import LinuxSystem
internal import Logging
internal import ManifestSource
internal import NIOPosix
internal import NetworkTypes
internal import ObjectStore
internal import Observability
internal import ServiceLifecycle
internal import Synchronization

/// All of cluster DNS in one process; `run` and `dns` share it.
final class DNSService: Sendable {
    let configuration: DNSConfiguration
    let engine: DNSEngine
    let listeners: DNSListeners
    let forwarder: (any UpstreamForwarder)?
    private let state: DNSStateService?
    private let local: LocalAddressService?
    /// Nil: questions are not logged.
    let queryLog: QueryLog?
    private let logger: Logger
    private let isSynced = Atomic(false)
    /// Said once, when it changes.
    private let toldState = Mutex(SourceState.connected)
    private let clock: @Sendable () -> Int64

    /// Reads what an earlier process left; nothing is bound yet.
    ///
    /// - Parameters:
    ///   - descriptorLimit: descriptors to keep to; nil: as many as the process may have.
    ///   - clock: seconds since 1970, for the age of data.
    /// - Throws: `CommandFailure` when /etc/resolv.conf cannot be read, or the kernel refuses threads.
    init(
        _ configuration: DNSConfiguration, hostAddresses: [IPAddress], logger: Logger, descriptorLimit: UInt64? = nil,
        clock: @escaping @Sendable () -> Int64 = DNSEngine.wallClock
    ) throws {
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        let budget = DescriptorBudget(limit: descriptorLimit ?? Self.raiseDescriptorLimit(logger))
        let settings = configuration.zoneSettings(hostAddresses: hostAddresses)
        state = configuration.stateDirectory.isEmpty
            ? nil
            : DNSStateService(
                directory: configuration.stateDirectory, keepsPods: configuration.needsPods, logger: logger)
        let pods = configuration.answersSearchPath ? LocalPodPublisher() : nil
        engine = DNSEngine(
            settings: settings, namespaceLabels: configuration.namespaceLabels,
            maximumStaleness: configuration.maximumStaleness, localPods: pods, nodeName: configuration.nodeName,
            clock: clock
        ) { [state] in
            state?.remember($0, $1)
        }
        forwarder = try Self.makeForwarder(
            configuration, engine.publisher, hostAddresses: hostAddresses, limits: budget.forwarderLimits, logger: logger)
        let options = try Self.responderOptions(configuration, offersRecursion: forwarder != nil, pods: pods)
        queryLog = options.queryLog
        listeners = try Self.makeListeners(
            configuration, options, engine.publisher, forwarder, budget.tcpLimits, logger)
        let isLocal = configuration.service != nil || !configuration.localAddresses.isEmpty
        local = isLocal ? LocalAddressService(configuration, listeners: listeners, logger: logger) : nil
        listeners.whenStopped { [local, forwarder, queryLog] in
            await forwarder?.end()
            try? await DedicatedThread.run(named: "dns-end") {
                local?.close()
                queryLog?.stop()
            }
        }
        restore()
    }

    /// What a process has that nobody set a limit for.
    private static let usualDescriptorLimit: UInt64 = 1024

    /// Every TCP connection is a descriptor, and so is every query to another server.
    private static func raiseDescriptorLimit(_ logger: Logger) -> UInt64 {
        do throws(Errno) {
            let limit = try DescriptorLimit.raise()
            logger.debug("up to \(limit) descriptors")
            return limit
        } catch {
            logger.warning("the limit of descriptors stays as it is: \(error)")
            return usualDescriptorLimit
        }
    }

    private func restore() {
        guard !configuration.stateDirectory.isEmpty else { return }
        let known = ObjectStateFile.read(directory: configuration.stateDirectory)
        for warning in known.warnings { logger.warning("\(warning)") }
        let snapshot = engine.restore(known.objects, writtenAt: known.writtenAt)
        if let snapshot { local?.follow(snapshot, isRestored: true) }
        guard !known.objects.isEmpty else { return }
        logger.info("names are those of the last run until the source has told its own", metadata: ["objects": "\(known.objects.count)"])
    }

    private static func makeListeners(
        _ configuration: DNSConfiguration, _ options: ResponderOptions, _ zones: ZonePublisher,
        _ forwarder: (any UpstreamForwarder)?, _ tcpLimits: TCPLimits, _ logger: Logger
    ) throws -> DNSListeners {
        let statistics = ServerStatistics()
        let sink = forwarder.map {
            UpstreamResponder(
                forwarder: $0, zones: zones, options: options, statistics: statistics)
        }
        do {
            let udp = try UDPServer(
                UDPServer.Configuration(workerCount: configuration.workers, responder: options), zones: zones, forwarder: sink)
            let tcp = TCPServer(limits: tcpLimits, responder: options, zones: zones, forwarder: sink, group: .singleton)
            return DNSListeners(
                addresses: configuration.listen, udp: udp, tcp: tcp, forwarded: statistics, logger: logger)
        } catch {
            throw CommandFailure.failed("cannot start the threads that answer DNS: \(error)")
        }
    }

    /// A step of objects whose source has told everything. On the thread that brings it, one at a time.
    ///
    /// - Parameter since: when it was told.
    func follow(
        _ snapshot: ClusterSnapshot, _ dirty: DirtyKeys, _ sources: SourceStates, since: ContinuousClock.Instant = .now
    ) {
        engine.apply(snapshot, dirty, sources, since: since)
        local?.follow(snapshot)
        tell(sources.overall)
        guard !isSynced.exchange(true, ordering: .relaxed) else { return }
        let zone = engine.publisher.zone
        logger.info("the zone is complete", metadata: ["names": "\(zone.nameCount)", "pointers": "\(zone.pointerCount)"])
        listeners.zoneIsReady()
    }

    /// What it means for names that the source is lost, and back; that it is, sources tell themselves.
    private func tell(_ source: SourceState) {
        let before = toldState.withLock { told in
            defer { told = source }
            return told
        }
        switch (before, source) {
        case (.connected, .lost):
            logger.debug("the source is lost: names are answered as it told them last")
        case (.lost(let since), .connected), (.resynchronising(let since), .connected):
            logger.debug("the source is back, and names are up to date", metadata: ["lost": "\(max(0, clock() - since))s"])
        default: break
        }
    }

    /// Answers at the Service's ClusterIP and at local addresses from now on, as a predecessor still does.
    func answerLocally() async throws {
        guard let local else { return }
        try await DedicatedThread.run(named: "dns-address") { try local.adapt() }
    }

    /// What is to run in the daemon's group, in the order of the start; the last is ended first.
    ///
    /// - Parameter feed: what brings steps, where that is a service of its own: it ends before the state is written for the
    ///   last time, and after questions have.
    func services(fedBy feed: FollowerThread? = nil) -> [any ServiceLifecycle.Service] {
        var services: [any ServiceLifecycle.Service] = []
        if let state { services.append(state) }
        if let feed { services.append(feed) }
        services.append(listeners)
        if let local { services.append(local) }
        return services
    }

    /// Who asked most lately, and for what.
    func topQueries(limit: Int) -> TopQueries {
        ServerStatistics.top(of: listeners.udp.statistics + listeners.tcp.statistics, limit: limit)
    }

    /// Everything that was answered.
    var totals: ServerStatistics.Totals {
        ServerStatistics.totals(of: listeners.udp.statistics + listeners.tcp.statistics + [listeners.forwarded])
    }
}

extension DNSConfiguration {
    /// Names depend on pods. (Search paths do too, but only on pods that are there now.)
    var needsPods: Bool { podNames == .verified }

    func zoneSettings(hostAddresses: [IPAddress]) -> ZoneSettings {
        var addresses: [IPAddress] = []
        for address in listen.map(\.address) + localAddresses where !address.isLoopback {
            let all = address.isUnspecified ? hostAddresses.filter { $0.family == address.family } : [address]
            for address in all where !addresses.contains(address) { addresses.append(address) }
        }
        return ZoneSettings(
            domain: domain, timeToLive: timeToLive, negativeTimeToLive: negativeTimeToLive, podNames: podNames,
            reverseRanges: reverseRanges, serverAddresses: addresses, serverService: service, namespaces: namespaces,
            labels: labels)
    }
}
