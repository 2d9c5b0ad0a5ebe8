internal import Dataplane
internal import LinuxSystem
internal import NftablesDataplane
internal import ServiceLifecycle
internal import ServiceTable
internal import Synchronization

/// The dataplane's thread: opens the kernel's tables, tells in which order they hold backends, then
/// works for the runner until it is stopped.
final class DataplaneService: Service, Sendable {
    private let runner: DataplaneRunner
    private let watch: TableWatchService
    private let ended = AsyncStream<Never>.makeStream()

    init(runner: DataplaneRunner, watch: TableWatchService) {
        self.runner = runner
        self.watch = watch
    }

    /// Starts the thread.
    ///
    /// - Returns: the order a table left by an earlier process has.
    /// - Throws: `DataplaneError` when the kernel's tables cannot be opened or read.
    func start() async throws -> AdoptedOrder {
        let (runner, watch) = (runner, watch)
        let end = ended.continuation
        return try await withCheckedThrowingContinuation { continuation in
            do throws(Errno) {
                _ = try DedicatedThread(named: "dataplane") {
                    defer { end.finish() }
                    do throws(DataplaneError) {
                        var dataplane = try NftablesDataplane(watch: watch.watch)
                        // Before the first reading: what is changed after it is not missed.
                        watch.start(ownPortID: dataplane.portID)
                        let order = try dataplane.adoptOrder()
                        continuation.resume(returning: order)
                        runner.run(dataplane)
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            } catch {
                continuation.resume(throwing: CommandFailure.failed("cannot start the dataplane's thread: \(error)"))
            }
        }
    }

    /// Returns once the thread has ended, which shutdown brings about.
    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            for await _ in ended.stream {}
        } onCancelOrGracefulShutdown: {
            self.runner.stop()
            self.watch.end()
        }
    }
}
