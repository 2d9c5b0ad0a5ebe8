package import LinuxSystem
internal import Synchronization

/// The relay: threads that carry connections and datagrams from listeners to backends. It knows no Kubernetes object and
/// no netfilter.
package final class RelayEngine: Sendable {
    package let statistics = RelayStatistics()
    private let configuration: RelayConfiguration
    private let workers: [RelayWorker]
    private let ended: Latch
    private let state = Mutex(State())

    private struct State {
        /// Each listener's sockets in the order of the workers.
        var sockets: [RelayListener: [RelaySocket]] = [:]
    }

    /// Starts the threads, in the network namespace of the calling one, and raises the process's soft limit on
    /// descriptors to its hard one. They have no sockets yet.
    package init(_ configuration: RelayConfiguration, directory: any RelayDirectory) throws(SystemError) {
        // Where this is refused the lower limit is in force, which is served like any other.
        _ = try? DescriptorLimit.raise()
        let count = configuration.workerCount
        let start = RelayStart(configuration, directory, statistics, count: count)
        do throws(Errno) {
            workers = try start.run()
        } catch {
            throw SystemError("start a thread of the relay", error)
        }
        self.configuration = configuration
        ended = start.ended
    }

    /// Serves at exactly these from now on; those that were there already are not touched. Connections of those that are
    /// gone go on.
    ///
    /// - Returns: what could not be bound, and why; the others are served.
    package func listen(_ listeners: Set<RelayListener>) -> [RelayListener: Errno] {
        state.withLock { state in
            for (listener, sockets) in state.sockets where !listeners.contains(listener) {
                for (worker, socket) in zip(workers, sockets) { worker.perform(.remove(socket)) }
                state.sockets[listener] = nil
            }
            var failures: [RelayListener: Errno] = [:]
            for listener in listeners where state.sockets[listener] == nil {
                do throws(Errno) { state.sockets[listener] = try open(listener) } catch { failures[listener] = error }
            }
            return failures
        }
    }

    /// Where a listener is served, with the port that was bound; nil when it is not.
    package func address(of listener: RelayListener) -> SocketAddress? {
        state.withLock { $0.sockets[listener]?.first?.address }
    }

    /// To be called after backends were marked as gone.
    package func backendsChanged() {
        for worker in workers { worker.perform(.backendsChanged) }
    }

    /// Everything that is open. Waits for the workers: not for the cooperative pool.
    package func connections() -> [RelayConnectionRecord] {
        let answers = RelayAnswers(count: workers.count)
        for worker in workers {
            let isAsked = worker.perform(.list { answers.add($0) })
            if !isAsked { answers.add([]) }
        }
        return answers.wait()
    }

    /// Takes nothing new, and ends once nothing is open any more, at the latest after `grace`.
    package func finish(within grace: Duration) {
        _ = listen([])
        for worker in workers { worker.perform(.finish(.now + grace)) }
    }

    /// Connections and sessions that are open, as the workers last counted them.
    package var connectionCount: Int { workers.reduce(0) { $0 + $1.openCount.load(ordering: .relaxed) } }

    /// The end that `finish` began is there.
    package var hasFinished: Bool { workers.allSatisfy(\.hasEnded) }

    /// Waits for the end that `finish` began: everything is closed then. Not for the cooperative pool.
    package func waitUntilFinished() { ended.wait() }

    private func open(_ listener: RelayListener) throws(Errno) -> [RelaySocket] {
        var address = listener.address
        var sockets: [RelaySocket] = []
        for _ in workers {
            let socket = try RelaySocket(listener, at: address, configuration)
            address = socket.address
            sockets.append(socket)
        }
        for (worker, socket) in zip(workers, sockets) { worker.perform(.add(socket)) }
        return sockets
    }
}
