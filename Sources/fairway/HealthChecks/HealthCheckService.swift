internal import LinuxSystem
internal import Logging
internal import NetworkTypes
internal import ObjectStore
internal import Observability
internal import ServiceLifecycle
internal import ServiceTable
internal import Synchronization

/// Listens on the health check ports of Services and answers load balancers there.
///
/// A port is a listener of the process's event loops and a task, no thread. Nothing is open before the rules of every family
/// are in the kernel: until then a load balancer is refused and goes to other nodes.
final class HealthCheckService: ServiceLifecycle.Service, Sendable {
    enum Limits {
        /// Between tries for a port that somebody else has; the kernel tells nobody when it is free.
        static let firstRetry = Duration.milliseconds(100)
        static let slowestRetry = Duration.seconds(2)
        /// How long the ports of a predecessor that is taken over from are waited for before that is told.
        static let succession = Duration.seconds(30)
    }

    struct State {
        var table: HealthCheckTable
        var rulesAreServed = false
        var open: Set<HealthCheckSocket> = []
        var failed: Set<HealthCheckSocket> = []
        /// Sockets that have a place among ``HealthCheckLimits/ports``.
        var served = 0
    }

    let limits: HealthCheckLimits
    /// Of all ports together.
    let connections: SharedConnections
    let state: Mutex<State>
    let isHealthy: @Sendable () -> Bool
    let logger: Logger
    let onFailure: @Sendable (HealthCheckFailure) -> Void
    private let onPorts: @Sendable (PortSet) -> Void
    /// Until then a port in use is a predecessor's.
    let patience: ContinuousClock.Instant
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - node: the name of this one, as EndpointSlices have it.
    ///   - localhost: loopback addresses that serve NodePorts beside the service table's.
    ///   - limits: of this process.
    ///   - takesOver: another daemon may still have the ports, and is about to end.
    ///   - isHealthy: whether the rules keep up with the changes.
    ///   - onFailure: called once for each port that cannot be had, and again when it was had in between.
    ///   - onPorts: gets the numbers of all ports that are wanted, when they change.
    init(
        node: String, localhost: [IPAddress] = [], limits: HealthCheckLimits, takesOver: Bool = false, logger: Logger,
        isHealthy: @escaping @Sendable () -> Bool,
        onFailure: @escaping @Sendable (HealthCheckFailure) -> Void = { _ in },
        onPorts: @escaping @Sendable (PortSet) -> Void = { _ in }
    ) {
        self.limits = limits
        connections = SharedConnections(limit: limits.connections)
        state = Mutex(State(table: HealthCheckTable(node: node, and: localhost)))
        self.isHealthy = isHealthy
        self.logger = logger
        self.onFailure = onFailure
        self.onPorts = onPorts
        patience = ContinuousClock.now + (takesOver ? Limits.succession : .zero)
        (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Objects changed. O(what changed).
    func follow(_ snapshot: ClusterSnapshot, _ dirty: DirtyKeys) {
        let ports = state.withLock { state -> PortSet? in
            guard state.table.update(snapshot: snapshot, dirty: dirty) else { return nil }
            return PortSet(state.table.ports)
        }
        guard let ports else { return }
        onPorts(ports)
        changed.yield()
    }

    /// A step of the service table was decided: its addresses count. O(1) while they stay.
    func submit(_ change: ServiceTableChange) {
        if state.withLock({ $0.table.serve(at: change.new.node.nodePortAddresses) }) { changed.yield() }
    }

    /// What was decided first is in the kernel.
    func rulesAreServed() {
        state.withLock { $0.rulesAreServed = true }
        changed.yield()
    }

    /// Has the ports that are open and those that cannot be had counted when metrics are read.
    func readAtScrape(_ prometheus: PrometheusMetrics) {
        prometheus.onScrape { metrics in
            let (open, failed) = self.state.withLock { ($0.open.count, $0.failed.count) }
            metrics.set("fairway_health_check_ports", [("state", "open")], to: Double(open))
            metrics.set("fairway_health_check_ports", [("state", "failed")], to: Double(failed))
            let counts = self.connections.counts
            metrics.set("fairway_health_check_connections", [], to: Double(counts.open))
            for limit in SharedConnections.Pause.allCases {
                metrics.set(
                    "fairway_health_check_pauses_total", [("limit", limit.rawValue)], to: Double(counts.pauses[limit] ?? 0))
            }
        }
    }

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            var listeners: [HealthCheckSocket: Task<Void, Never>] = [:]
            for await _ in changes {
                let step = state.withLock { $0.rulesAreServed ? $0.table.step() : HealthCheckTable.Step() }
                await close(step.closed, &listeners)
                for socket in step.opened { listeners[socket] = Task { await self.listen(at: socket) } }
            }
            await close(Array(listeners.keys), &listeners)
        } onCancelOrGracefulShutdown: {
            self.changed.finish()
        }
    }

    /// Returns once the ports are free.
    private func close(_ sockets: [HealthCheckSocket], _ listeners: inout [HealthCheckSocket: Task<Void, Never>]) async {
        for socket in sockets { listeners[socket]?.cancel() }
        for socket in sockets {
            guard let listener = listeners.removeValue(forKey: socket) else { continue }
            await listener.value
        }
    }
}
