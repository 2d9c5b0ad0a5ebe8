internal import BPFDataplane
internal import Dataplane
internal import LinuxSystem
internal import NftablesDataplane
internal import Relay
internal import ServiceLifecycle
internal import ServiceTable
internal import Synchronization
internal import UserspaceDataplane

/// The dataplane's thread: opens the kernel's tables, tells in which order they hold backends, then
/// works for the runner until it is stopped.
final class DataplaneService: Service, Sendable {
    /// The dataplane to be made, and what watches beside it.
    enum Mode: Sendable {
        case nftables(TableWatchService)
        case ebpf(BPFSettings, BPFView, @Sendable (BPFNotice) -> Void)
        /// Watched where there is a table.
        case userspace(UserspaceConfiguration, UserspaceView, TableWatchService?, @Sendable (UserspaceNotice) -> Void)
    }

    private let runner: DataplaneRunner
    private let mode: Mode
    private let ended = AsyncStream<Never>.makeStream()

    init(runner: DataplaneRunner, mode: Mode) {
        self.runner = runner
        self.mode = mode
    }

    /// Starts the thread.
    ///
    /// - Returns: the order a table left by an earlier process has.
    /// - Throws: `DataplaneError` when the kernel's tables cannot be opened or read.
    func start() async throws -> AdoptedOrder {
        let (runner, mode) = (runner, mode)
        let end = ended.continuation
        return try await withCheckedThrowingContinuation { continuation in
            do throws(Errno) {
                _ = try DedicatedThread(named: "dataplane") {
                    defer { end.finish() }
                    do throws(DataplaneError) {
                        switch mode {
                        case .nftables(let watch):
                            let dataplane = try NftablesDataplane(watch: watch.watch)
                            // Before the first reading: what is changed after it is not missed.
                            watch.start(ownPortID: dataplane.portID)
                            try Self.work(dataplane, runner, continuation)
                        case .ebpf(let settings, let view, let notify):
                            try Self.work(BPFDataplane(settings, view: view, notify: notify), runner, continuation)
                        case .userspace(let configuration, let view, let watch, let notify):
                            let relay = try configuration.makeRelay()
                            view.relay = relay
                            let dataplane = try UserspaceDataplane(
                                configuration.settings, relay: relay, commits: watch?.commits, notify: notify)
                            if let watch, let portID = dataplane.portID { watch.start(ownPortID: portID) }
                            // The relay works on, for a successor's clients and its own: RelayFarewell.
                            try Self.work(dataplane, runner, continuation)
                        }
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            } catch {
                continuation.resume(throwing: CommandFailure.failed("cannot start the dataplane's thread: \(error)"))
            }
        }
    }

    private static func work(
        _ dataplane: consuming some Dataplane & ~Copyable, _ runner: DataplaneRunner,
        _ continuation: CheckedContinuation<AdoptedOrder, any Error>
    ) throws(DataplaneError) {
        let order = try dataplane.adoptOrder()
        continuation.resume(returning: order)
        runner.run(dataplane)
    }

    /// Returns once the thread has ended, which shutdown brings about.
    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            for await _ in ended.stream {}
        } onCancelOrGracefulShutdown: {
            self.runner.stop()
            switch self.mode {
            case .nftables(let watch), .userspace(_, _, let watch?, _): watch.end()
            case .ebpf, .userspace: break
            }
        }
    }
}
