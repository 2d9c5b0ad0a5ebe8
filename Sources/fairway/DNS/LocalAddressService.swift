internal import KubernetesModel
internal import LinuxSystem
internal import LocalAddress
internal import Logging
internal import NetworkTypes
internal import ObjectStore
internal import ServiceLifecycle
internal import Synchronization

/// Answers at the DNS Service's ClusterIP on this node (`--dns-service`), and at `--dns-local-address`.
///
/// In this order, so that nobody asks in vain: the address becomes local, servers are bound, the zone is complete, and
/// only then questions come here. At the end questions go elsewhere first.
final class LocalAddressService: ServiceLifecycle.Service, Sendable {
    private struct State {
        var frontends: Set<LocalFrontend>
        var isComplete = false
        var bound: Set<SocketAddress> = []
        /// Said once, not at each look.
        var complaints: Set<String> = []
        /// Where questions come here.
        var answering: Set<LocalFrontend> = []
        /// Of the Service, as it was told last; nil: nothing was told yet.
        var presence: Presence?
        /// There can be no local addresses now.
        var outage: Outage?
    }

    /// What there is of the Service of `--dns-service`.
    private enum Presence {
        case missing
        /// Headless, pending, or without a UDP port.
        case unreachable
        case present
    }

    /// The interface cannot be had; how often that is tried again.
    private struct Outage {
        var retryAt: ContinuousClock.Instant
        var delay: Duration
    }

    private static let port: PortNumber = 53
    /// Between two looks at what others may have changed: two dumps of a few messages each.
    private static let repairInterval = Duration.seconds(2)
    /// Between two tries to make the interface, in the long run; the first comes after `repairInterval`.
    private static let longestRetry = Duration.seconds(60)

    private let service: ObjectKey?
    private let fixed: Set<LocalFrontend>
    private let listeners: DNSListeners
    private let logger: Logger
    private let state: Mutex<State>
    private let addresses: Mutex<LocalAddresses?> = Mutex(nil)
    private let wake = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    init(_ configuration: DNSConfiguration, listeners: DNSListeners, logger: Logger) {
        service = configuration.service
        fixed = Set(configuration.localAddresses.flatMap { Self.frontends($0, Self.port) })
        self.listeners = listeners
        self.logger = logger
        state = Mutex(State(frontends: fixed))
    }

    private static func frontends(_ address: IPAddress, _ port: PortNumber) -> [LocalFrontend] {
        [LocalFrontend(address, .udp, port), LocalFrontend(address, .tcp, port)]
    }

    /// A step of the objects was made into names. O(1).
    ///
    /// - Parameter isRestored: they are an earlier run's, and what is missing may only not be known yet.
    func follow(_ snapshot: ClusterSnapshot, isRestored: Bool = false) {
        var frontends = fixed
        let spec = service.flatMap { snapshot.services[$0]?.spec }
        if let spec {
            // DNS is what is there over UDP; the Service's other ports, as for metrics, are its pods'.
            for port in spec.ports where port.protocol == .udp {
                for address in spec.clusterAddresses { frontends.formUnion(Self.frontends(address, port.port)) }
            }
        }
        let isNews = state.withLock { state in
            defer { (state.frontends, state.isComplete) = (frontends, true) }
            return state.frontends != frontends || !state.isComplete
        }
        if isNews { wake.continuation.yield() }
        guard service != nil, !isRestored else { return }
        tell(spec == nil ? .missing : frontends == fixed ? .unreachable : .present)
    }

    /// A line when the Service is not there, and when it is.
    private func tell(_ presence: Presence) {
        let before = state.withLock { state in
            defer { state.presence = presence }
            return state.presence
        }
        guard let service, before != presence else { return }
        switch presence {
        case .missing:
            logger.warning("--dns-service \(service): there is no such Service; its questions are answered here once it appears")
        case .unreachable:
            logger.warning("--dns-service \(service): the Service has no ClusterIP with a UDP port; nothing is answered for it")
        case .present:
            if before != nil { logger.info("--dns-service \(service): the Service is there now") }
        }
    }

    func run() async throws {
        if !fixed.isEmpty { wake.continuation.yield() }
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.lookAgain() }
                for await _ in wake.stream {
                    try await DedicatedThread.run(named: "dns-address") { try self.adaptWhenPossible() }
                }
                group.cancelAll()
            }
            // What has arrived is answered by the listeners, which are ended after this.
            try? await DedicatedThread.run(named: "dns-address") {
                try self.addresses.withLock { try $0?.endAnswering() }
            }
        } onGracefulShutdown: {
            self.wake.continuation.finish()
        }
    }

    /// Others may take an address or the table away, as a firewall that is loaded anew does, or free an address that
    /// was theirs.
    private func lookAgain() async throws {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.repairInterval)
            wake.continuation.yield()
        }
    }

    /// Gives the addresses up; after the listeners have ended.
    func close() {
        do throws(LocalAddressError) {
            try addresses.withLock { addresses throws(LocalAddressError) in try addresses?.close() }
        } catch {
            logger.warning("\(error)")
        }
    }

    /// As `adapt`; where the interface cannot be had, names go on being answered without it, and it is tried again.
    ///
    /// - Throws: `CommandFailure` where `--dns-local-address` cannot be had at the start: nothing else was asked for.
    private func adaptWhenPossible() throws {
        let outage = state.withLock { $0.outage }
        if let outage, ContinuousClock.now < outage.retryAt { return }
        do {
            try adapt()
            state.withLock { $0.outage = nil }
        } catch let failure as CommandFailure where fixed.isEmpty {
            let delay = min(outage.map { $0.delay * 2 } ?? Self.repairInterval, Self.longestRetry)
            state.withLock { $0.outage = Outage(retryAt: .now + delay, delay: delay) }
            guard outage == nil else { return }
            logger.error("\(failure.message); the ClusterIP stays with the Service's other endpoints, and this is tried again")
        }
    }

    /// Brings the node to what is wanted now. Blocks.
    ///
    /// - Throws: `CommandFailure` when there can be no local addresses at all.
    func adapt() throws {
        let (wanted, isComplete) = state.withLock { ($0.frontends, $0.isComplete) }
        guard !wanted.isEmpty || state.withLock({ !$0.bound.isEmpty }) else { return }
        try addresses.withLock { addresses in
            if addresses == nil { addresses = try makeAddresses() }
            do throws(LocalAddressError) {
                complain(try addresses?.set(wanted).map { "\($0)" } ?? [])
            } catch {
                complain(["\(error)"])
            }
            listen(Set((addresses?.frontends ?? []).map { SocketAddress($0.address, port: $0.port.rawValue) }))
            guard isComplete else { return }
            do throws(LocalAddressError) {
                try addresses?.beginAnswering()
                answers(at: addresses?.frontends ?? [])
            } catch {
                logger.error("\(error)")
            }
        }
    }

    private func complain(_ complaints: [String]) {
        let fresh = state.withLock { state in
            defer { state.complaints = Set(complaints) }
            return complaints.filter { !state.complaints.contains($0) }
        }
        for complaint in fresh { logger.warning("\(complaint)") }
    }

    private func answers(at frontends: Set<LocalFrontend>) {
        let before = state.withLock { state in
            defer { state.answering = frontends }
            return state.answering
        }
        guard frontends != before, !frontends.isEmpty else { return }
        let text = Set(frontends.map { "\(SocketAddress($0.address, port: $0.port.rawValue))" }).sorted()
        logger.info("this node's questions to \(text.joined(separator: ", ")) are answered here")
    }

    /// - Throws: `CommandFailure`: without the interface the operator's wish cannot be met at all.
    private func makeAddresses() throws(CommandFailure) -> LocalAddresses {
        do throws(LocalAddressError) {
            return try LocalAddresses()
        } catch {
            throw .failed("\(service == nil ? "--dns-local-address" : "--dns-service"): \(error)")
        }
    }

    private func listen(_ wanted: Set<SocketAddress>) {
        let bound = state.withLock { $0.bound }
        for address in bound.subtracting(wanted) {
            listeners.remove(address)
            state.withLock { _ = $0.bound.remove(address) }
        }
        for address in wanted.subtracting(bound) {
            do {
                try listeners.add(address)
                state.withLock { _ = $0.bound.insert(address) }
            } catch {
                logger.error("\(error)")
            }
        }
    }
}
