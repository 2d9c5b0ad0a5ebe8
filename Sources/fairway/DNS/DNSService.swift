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
    private let logger: Logger
    private let isSynced = Atomic(false)

    /// Reads what an earlier process left; nothing is bound yet.
    ///
    /// - Throws: `CommandFailure` when /etc/resolv.conf cannot be read, or the kernel refuses threads.
    init(_ configuration: DNSConfiguration, hostAddresses: [IPAddress], logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        let settings = configuration.zoneSettings(hostAddresses: hostAddresses)
        state = configuration.stateDirectory.isEmpty
            ? nil
            : DNSStateService(
                directory: configuration.stateDirectory, keepsPods: configuration.needsPods, logger: logger)
        engine = DNSEngine(
            settings: settings, namespaceLabels: configuration.namespaceLabels,
            maximumStaleness: configuration.maximumStaleness
        ) { [state] in
            state?.remember($0, $1)
        }
        forwarder = try Self.makeForwarder(configuration, settings, hostAddresses: hostAddresses, logger: logger)
        listeners = try Self.makeListeners(configuration, settings, engine.publisher, forwarder, logger)
        let isLocal = configuration.service != nil || !configuration.localAddresses.isEmpty
        local = isLocal ? LocalAddressService(configuration, listeners: listeners, logger: logger) : nil
        if let local { listeners.whenStopped { local.close() } }
        restore()
    }

    private func restore() {
        guard !configuration.stateDirectory.isEmpty else { return }
        let known = ObjectStateFile.read(directory: configuration.stateDirectory)
        for warning in known.warnings { logger.warning("\(warning)") }
        engine.restore(known.objects, writtenAt: known.writtenAt)
        guard !known.objects.isEmpty else { return }
        logger.info("names are those of the last run until the source has told its own", metadata: ["objects": "\(known.objects.count)"])
    }

    private static func makeListeners(
        _ configuration: DNSConfiguration, _ settings: ZoneSettings, _ zones: ZonePublisher,
        _ forwarder: (any UpstreamForwarder)?, _ logger: Logger
    ) throws -> DNSListeners {
        var options = ResponderOptions()
        options.offersRecursion = forwarder != nil
        options.answersAnyWithHINFO = configuration.answersAnyWithHINFO
        let statistics = ServerStatistics()
        let sink = forwarder.map {
            UpstreamResponder(forwarder: $0, settings: settings, options: options, statistics: statistics)
        }
        do {
            let udp = try UDPServer(
                UDPServer.Configuration(workerCount: configuration.workers, responder: options), zones: zones, forwarder: sink)
            let tcp = TCPServer(responder: options, zones: zones, forwarder: sink, group: .singleton)
            return DNSListeners(
                addresses: configuration.listen, udp: udp, tcp: tcp, forwarded: statistics, logger: logger)
        } catch {
            throw CommandFailure.failed("cannot start the threads that answer DNS: \(error)")
        }
    }

    /// A step of objects whose source has told everything. On the thread that brings it.
    func follow(_ snapshot: ClusterSnapshot, _ dirty: DirtyKeys) {
        engine.apply(snapshot, dirty)
        local?.follow(snapshot)
        guard !isSynced.exchange(true, ordering: .relaxed) else { return }
        let zone = engine.publisher.zone
        logger.info("the zone is complete", metadata: ["names": "\(zone.nameCount)", "pointers": "\(zone.pointerCount)"])
        listeners.zoneIsReady()
    }

    /// What is to run in the daemon's group, in the order of the start; the last is ended first.
    var services: [any ServiceLifecycle.Service] {
        var services: [any ServiceLifecycle.Service] = []
        if let state { services.append(state) }
        services.append(listeners)
        if let local { services.append(local) }
        return services
    }

    /// Everything that was answered.
    var totals: ServerStatistics.Totals {
        ServerStatistics.totals(of: listeners.udp.statistics + listeners.tcp.statistics + [listeners.forwarded])
    }
}

extension DNSConfiguration {
    /// Names depend on pods.
    var needsPods: Bool { podNames == .verified || answersSearchPath }

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
