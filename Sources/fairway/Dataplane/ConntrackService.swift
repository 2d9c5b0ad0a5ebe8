internal import Conntrack
internal import Dataplane
internal import LinuxSystem
internal import Logging
internal import Netlink
internal import ServiceLifecycle
internal import ServiceTable

/// The thread that deletes stale flows after what the dataplane committed.
struct ConntrackService: Service {
    private let runner: ConntrackRunner
    private let closesTCP: Bool
    private let logger: Logger

    init(closesTCP: Bool, metrics: DaemonMetrics, logger: Logger) {
        self.closesTCP = closesTCP
        self.logger = logger
        runner = ConntrackRunner(flows: StaleFlows(closesTCP: closesTCP)) { outcome in
            metrics.swept(outcome)
            switch outcome.result {
            case .success(let report):
                guard report.deleted > 0 else { return }
                let closed = report.socketsClosed > 0 ? ", \(report.socketsClosed) sockets closed" : ""
                logger.debug("\(outcome.family): \(report.deleted) stale flows deleted\(closed)")
            case .failure(let error):
                logger.error("\(outcome.family): \(error); stale flows are looked for again")
            }
        }
    }

    /// The order that an earlier process left names the frontends that it served.
    func adopt(_ order: AdoptedOrder) { runner.adopt(Set(order.cluster.keys).union(order.local.keys)) }

    /// A table goes to the dataplane.
    func announce(_ table: ServiceTable) { runner.announce(table) }

    /// The dataplane did something. Called on its thread.
    func follow(_ outcome: DataplaneRunner.Outcome) {
        guard case .success = outcome.result else { return }
        switch outcome.action {
        case .full(let table, _): runner.committedAll(table, family: outcome.family)
        case .incremental(let change): runner.committed(change, family: outcome.family)
        case .idle, .wait: break
        }
    }

    func run() async throws {
        let (runner, closesTCP, logger) = (runner, closesTCP, logger)
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await DedicatedThread.run(named: "conntrack") {
                do throws(NetlinkError) {
                    runner.run(try FlowSweeper(closesTCP: closesTCP))
                } catch {
                    logger.error("\(error); stale flows stay until they time out")
                }
            }
            // Services that end take the daemon with them.
            try? await gracefulShutdown()
        } onCancelOrGracefulShutdown: {
            runner.stop()
        }
    }
}
