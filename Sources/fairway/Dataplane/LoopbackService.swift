internal import Dataplane
internal import LinuxSystem
internal import Logging
internal import NetworkTypes
internal import Relay
internal import ServiceLifecycle
internal import ServiceTable
internal import Synchronization
internal import UserspaceDataplane

/// NodePorts at loopback addresses beside the nftables and the ebpf mode: a relay, and the thread that keeps it in step with
/// the Services.
final class LoopbackService: Service, Sendable {
    /// Enough for a node's own processes; each has a socket for every NodePort.
    static let threads = 1

    let relay: UserspaceRelay
    private let runner: DataplaneRunner
    private let addresses: [IPAddress]
    private let logger: Logger

    /// Starts the relay's threads; it serves nothing yet.
    ///
    /// - Parameter whenReady: called when what was submitted first is served.
    init(
        at addresses: [IPAddress], _ configuration: UserspaceConfiguration, logger: Logger,
        whenReady: @escaping @Sendable () -> Void
    ) throws(DataplaneError) {
        self.addresses = addresses
        self.logger = logger
        var configuration = configuration
        configuration.settings.binding = .loopback
        configuration.relay.workers = Self.threads
        relay = try configuration.makeRelay()
        runner = DataplaneRunner(whenReady: whenReady) { outcome in
            guard case .success(let report) = outcome.result, !report.isEmpty else { return }
            logger.info(
                "\(outcome.family) NodePorts at localhost: \(report.elementsAdded) listeners opened, \(report.elementsDeleted) closed")
        }
    }

    /// Hands over a step of the table.
    func submit(_ change: ServiceTableChange) { runner.submit(change) }

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            let (relay, runner, addresses, logger) = (relay, runner, addresses, logger)
            do {
                try await DedicatedThread.run(named: "localhost") {
                    runner.run(LoopbackNodePorts(at: addresses, relay: relay) { logger.warning("\($0)") })
                }
            } catch {
                logger.error("NodePorts at localhost are not served until a restart: \(error)")
                // A service that returns ends the others.
                try? await gracefulShutdown()
            }
        } onCancelOrGracefulShutdown: {
            self.runner.stop()
        }
    }
}
