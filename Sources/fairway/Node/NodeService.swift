internal import LinuxSystem
internal import Logging
internal import ServiceLifecycle
internal import ServiceTable
internal import Synchronization

/// What the operator chose for the node itself.
struct NodeSettings: Sendable {
    var conntrack = ConntrackSettings()
    var reservesNodePorts = false
    /// Empty: none.
    var stateDirectory = ""
    /// `--oom-score-adj`; nil: left alone.
    var outOfMemoryScore: Int?
}

/// The node's side of the daemon, on a thread of its own: settings of connection tracking, reserved
/// NodePorts, and what is worth a warning. Nothing it fails at is more than one.
final class NodeService: Service, Sendable {
    private struct State {
        var nodePorts = NodePorts()
        var hasNewPorts = false
        var isSynced = false
        var isStopped = false
        var conntrack: ConntrackSettings
        /// The kernel does not have them yet.
        var hasNewConntrack = true
    }

    /// How long it takes at most until a changed setting is noticed; the kernel tells nobody.
    private static let period = Duration.seconds(10)

    private let settings: NodeSettings
    private let tunesConntrack: Bool
    private let watchesNode: Bool
    private let routesByMark: Bool
    private let logger: Logger
    private let lock: DaemonLock?
    private let wake: WakeDescriptor
    private let state: Mutex<State>

    /// Makes this daemon the only one of its network namespace.
    ///
    /// - Parameters:
    ///   - tunesConntrack: the mode that runs stands on connection tracking.
    ///   - watchesNode: the mode that runs stands on the node's set-up, and on NodePorts that no process has.
    ///   - routesByMark: the mode that runs has packets routed to this node by a mark.
    ///   - lock: that daemon's; nil where a lock is not to be had.
    init(
        settings: NodeSettings, tunesConntrack: Bool, watchesNode: Bool = true, routesByMark: Bool = false,
        lock: DaemonLock?, logger: Logger
    ) throws(CommandFailure) {
        self.settings = settings
        state = Mutex(State(conntrack: settings.conntrack))
        self.tunesConntrack = tunesConntrack
        self.watchesNode = watchesNode
        self.routesByMark = routesByMark
        self.logger = logger
        self.lock = lock
        do throws(Errno) {
            wake = try WakeDescriptor()
        } catch {
            throw .failed("cannot make an eventfd: \(error)")
        }
    }

    /// A step of the table was decided. O(what changed).
    func changed(_ change: ServiceTableChange) {
        let isNews = state.withLock { state in
            guard state.nodePorts.apply(change) else { return false }
            state.hasNewPorts = true
            return true
        }
        if isNews { wake.signal() }
    }

    /// Services want these ports for their health checks.
    func changed(healthCheckPorts ports: PortSet) {
        let isNews = state.withLock { state in
            guard state.nodePorts.healthChecks != ports else { return false }
            state.nodePorts.healthChecks = ports
            state.hasNewPorts = true
            return true
        }
        if isNews { wake.signal() }
    }

    /// Rules are in the kernel: with them, connection tracking is loaded.
    func synced() {
        let isFirst = state.withLock { state in
            defer { state.isSynced = true }
            return !state.isSynced
        }
        if isFirst { wake.signal() }
    }

    /// Connection tracking is to be set to something else.
    func change(_ conntrack: ConntrackSettings) {
        let isNews = state.withLock { state in
            guard state.conntrack != conntrack else { return false }
            state.conntrack = conntrack
            state.hasNewConntrack = true
            return true
        }
        if isNews { wake.signal() }
    }

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            do {
                try await DedicatedThread.run(named: "node") { try self.work() }
            } catch {
                logger.error("the node's settings are not looked after until a restart: \(error)")
                // A service that returns ends the others.
                try? await gracefulShutdown()
            }
        } onCancelOrGracefulShutdown: {
            self.state.withLock { $0.isStopped = true }
            self.wake.signal()
        }
    }

    private func work() throws {
        let epoll = try Epoll()
        try epoll.add(wake.rawValue, .readable, token: 0)
        var watch = NodeWatch(routesByMark: routesByMark, logger: logger)
        var collisions = NodePortCollisions(logger: logger)
        var reservation = NodePortUpkeep(settings: settings, logger: logger)
        var current: NodePorts?
        while true {
            let (isStopped, conntrack, ports) = state.withLock { state in
                defer { state.hasNewPorts = false }
                let isDue = tunesConntrack && state.isSynced && state.hasNewConntrack
                if isDue { state.hasNewConntrack = false }
                return (state.isStopped, isDue ? state.conntrack : nil, state.hasNewPorts ? state.nodePorts : nil)
            }
            if isStopped { return }
            if watchesNode { watch.check(ports) }
            current = ports ?? current
            // Sockets and settings change without a word: they are looked at again each time.
            if let current {
                if watchesNode { collisions.check(current) }
                reservation.update(current)
            }
            if let conntrack { conntrack.apply(logger: logger) }
            lock?.dismissCallers()
            _ = try epoll.wait(timeout: Self.period)
            wake.clear()
        }
    }

}

extension ConntrackSettings {
    /// Has the kernel hold them, and tells what was set and what could not be.
    func apply(logger: Logger) {
        let outcome = ConntrackTuner().apply(self, processors: onlineProcessors())
        for write in outcome.written { logger.info("set \(write.setting.rawValue) to \(write.value)") }
        for warning in outcome.warnings { logger.warning("\(warning)") }
    }
}

/// Has NodePorts reserved as they come and go, or gives back what an earlier run reserved.
struct NodePortUpkeep {
    private let reservation: NodePortReservation?
    private let isOn: Bool
    private let logger: Logger
    private var last: PortSet?
    private var lastFailure = ""

    init(settings: NodeSettings, logger: Logger) {
        reservation = NodePortReservation(stateDirectory: settings.stateDirectory)
        isOn = settings.reservesNodePorts
        self.logger = logger
    }

    mutating func update(_ ports: NodePorts) {
        let wanted = isOn ? ports.numbers : PortSet()
        guard let reservation, isOn || wanted != last else { return }
        do {
            if isOn {
                let ours = try reservation.reserve(wanted)
                if wanted != last { logger.info("NodePorts reserved", metadata: ["ports": "\(ours)"]) }
            } else {
                let given = try reservation.release()
                if !given.isEmpty { logger.info("NodePorts no longer reserved", metadata: ["ports": "\(given)"]) }
            }
            last = wanted
            lastFailure = ""
        } catch {
            let text = "NodePorts are not reserved: \(error)"
            if text != lastFailure { logger.warning("\(text)") }
            lastFailure = text
        }
    }
}
