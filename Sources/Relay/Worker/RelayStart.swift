internal import LinuxSystem
internal import Synchronization

/// Starts the workers of one engine: all of them run, or none.
final class RelayStart: Sendable {
    /// Counted down by each worker that ended.
    let ended: Latch
    private let configuration: RelayConfiguration
    private let directory: any RelayDirectory
    private let statistics: RelayStatistics
    private let capacity: RelayCapacity
    private let count: Int
    private let ready: Latch
    private let failure = Mutex<Errno?>(nil)

    init(
        _ configuration: RelayConfiguration, _ directory: any RelayDirectory, _ statistics: RelayStatistics, count: Int
    ) {
        self.configuration = configuration
        self.directory = directory
        self.statistics = statistics
        self.count = count
        capacity = RelayCapacity(limit: configuration.connectionLimit)
        ended = Latch(count: count)
        ready = Latch(count: count)
    }

    func run() throws(Errno) -> [RelayWorker] {
        var workers: [RelayWorker] = []
        do throws(Errno) {
            for index in 0..<count { workers.append(try start(index)) }
            ready.wait()
            if let error = failure.withLock({ $0 }) { throw error }
            return workers
        } catch {
            for worker in workers { worker.perform(.finish(.now)) }
            throw error
        }
    }

    private func start(_ index: Int) throws(Errno) -> RelayWorker {
        let worker = try RelayWorker()
        _ = try DedicatedThread(named: "relay-\(index)") { self.serve(worker, index) }
        return worker
    }

    /// A worker's thread.
    private func serve(_ worker: RelayWorker, _ index: Int) {
        blockBrokenPipeSignal()
        do throws(Errno) {
            let context = try RelayWorkerContext(
                configuration, directory, statistics, index: index, capacity: capacity,
                requestResume: { [weak worker] in worker?.perform(.resume) })
            try worker.prepare(context)
            ready.countDown()
            worker.run(context, tcp: TCPCarrier(context), udp: UDPCarrier(context))
        } catch {
            failure.withLock { $0 = error }
            ready.countDown()
        }
        ended.countDown()
    }
}
