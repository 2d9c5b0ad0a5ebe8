package import LinuxSystem
internal import Synchronization

/// Answers over UDP: a thread for each core, each with a socket of its own for every address, between which the kernel
/// distributes what arrives (SO_REUSEPORT).
package final class UDPServer: Sendable {
    package struct Configuration: Sendable, Hashable {
        /// Threads, and sockets of an address.
        package var workerCount: Int
        package var responder: ResponderOptions

        package init(workerCount: Int, responder: ResponderOptions = ResponderOptions()) {
            self.workerCount = workerCount
            self.responder = responder
        }
    }

    /// One for each thread.
    package let statistics: [ServerStatistics]
    private let workers: [UDPWorker]
    private let state = Mutex(State())

    private struct State {
        /// Each address's sockets in the order of the workers.
        var sockets: [SocketAddress: [UDPSocket]] = [:]
        var isStopped = false
    }

    /// Starts the threads; they have no sockets yet.
    ///
    /// - Throws: SystemError when there are no descriptors, threads or memory.
    package init(
        _ configuration: Configuration, zones: ZonePublisher, forwarder: (any ForwardSink)? = nil
    ) throws(SystemError) {
        precondition(configuration.workerCount > 0)
        statistics = (0..<configuration.workerCount).map { _ in ServerStatistics() }
        var workers: [UDPWorker] = []
        do throws(Errno) {
            for (index, statistics) in statistics.enumerated() {
                let worker = try UDPWorker()
                workers.append(worker)
                try Self.start(worker, index, configuration.responder, statistics, zones, forwarder)
            }
        } catch {
            for worker in workers.dropLast() { Self.stop(worker) }
            throw SystemError("start a thread for DNS over UDP", error)
        }
        self.workers = workers
    }

    deinit { stop() }

    /// Addresses that are answered at.
    package var addresses: [SocketAddress] {
        state.withLock { Array($0.sockets.keys) }.sorted { ($0.address, $0.port) < ($1.address, $1.port) }
    }

    /// Binds an address in the network namespace of the calling thread, and begins to answer there.
    ///
    /// - Returns: the address with the port that was bound, where `address` has port 0.
    /// - Throws: SystemError, which names the address and says why.
    @discardableResult package func add(_ address: SocketAddress) throws(SystemError) -> SocketAddress {
        // A second set of sockets would get a share of what arrives.
        if state.withLock({ $0.sockets[address] != nil }) { return address }
        var bound = address
        var sockets: [UDPSocket] = []
        for _ in workers {
            let socket = try UDPSocket(boundTo: bound)
            bound = socket.address
            sockets.append(socket)
        }
        let isNew = state.withLock { state in
            guard !state.isStopped, state.sockets[bound] == nil else { return false }
            state.sockets[bound] = sockets
            return true
        }
        guard isNew else { return bound }
        for (worker, socket) in zip(workers, sockets) { worker.perform(.add(socket)) }
        return bound
    }

    /// Stops answering at an address, after what is queued was answered. Waits: not for the cooperative pool.
    package func remove(_ address: SocketAddress) {
        guard let sockets = state.withLock({ $0.sockets.removeValue(forKey: address) }) else { return }
        // All leave before any is drained, so that none gets what another one gave up.
        for socket in sockets { socket.leaveGroup() }
        for (worker, socket) in zip(workers, sockets) {
            guard let completion = try? Completion() else { continue }
            worker.perform(.remove([socket], completion))
            completion.wait()
        }
    }

    /// Removes every address and ends the threads. Waits: not for the cooperative pool.
    package func stop() {
        let sockets: [UDPSocket]? = state.withLock { state in
            guard !state.isStopped else { return nil }
            state.isStopped = true
            let sockets = state.sockets.values.flatMap { $0 }
            state.sockets = [:]
            return sockets
        }
        guard let sockets else { return }
        for socket in sockets { socket.leaveGroup() }
        for worker in workers { Self.stop(worker) }
    }

    private static func stop(_ worker: UDPWorker) {
        guard let completion = try? Completion() else { return }
        worker.perform(.stop(completion))
        completion.wait()
    }

    private static func start(
        _ worker: UDPWorker, _ index: Int, _ options: ResponderOptions, _ statistics: ServerStatistics,
        _ zones: ZonePublisher, _ forwarder: (any ForwardSink)?
    ) throws(Errno) {
        var options = options
        options.offersRecursion = options.offersRecursion && forwarder != nil
        let start = LoopStart(try UDPLoop(options, statistics, zones, forwarder))
        _ = try DedicatedThread(named: "dns-udp-\(index)") {
            if let loop = start.take() { worker.run(loop) }
        }
    }
}

/// Carries a loop to the thread that owns it from then on.
private final class LoopStart: Sendable {
    private let loop: Mutex<UDPLoop?>

    init(_ loop: consuming UDPLoop) { self.loop = Mutex(consume loop) }

    func take() -> UDPLoop? {
        loop.withLock { loop in
            let taken = loop.take()
            return taken
        }
    }
}
