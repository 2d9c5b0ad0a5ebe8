internal import LinuxSystem
internal import NetworkTypes
internal import Synchronization

/// One thread with its listening sockets and all that came in by them.
final class RelayWorker: Sendable {
    enum Command: Sendable {
        case add(RelaySocket)
        case remove(RelaySocket)
        case backendsChanged
        case list(@Sendable ([RelayConnectionRecord]) -> Void)
        /// Ends once nothing is open any more, at the latest at this moment.
        case finish(ContinuousClock.Instant)
    }

    private let commands = Mutex<[Command]>([])
    private let wake: WakeDescriptor

    init() throws(Errno) { wake = try WakeDescriptor() }

    func perform(_ command: Command) {
        commands.withLock { $0.append(command) }
        wake.signal()
    }

    /// The thread's body, until `finish`.
    func run(_ context: RelayWorkerContext, tcp: any RelayCarrier, udp: any RelayCarrier) {
        var end: ContinuousClock.Instant?
        let carriers = [tcp, udp]
        do { try context.watch(wake.rawValue, .readable, .worker, token: 0) } catch { return }
        while true {
            let times = carriers.compactMap(\.deadline) + [end].compactMap { $0 }
            let timeout = times.min().map { max($0 - ContinuousClock.now, .zero) }
            let events = (try? context.epoll.wait(timeout: timeout)) ?? []
            context.now = .now
            for event in events {
                let token = event.token & RelayWorkerContext.tokenMask
                switch RelayWorkerContext.Part(rawValue: event.token >> 56) {
                case .tcp: tcp.handle(event, token: token)
                case .udp: udp.handle(event, token: token)
                case .worker: obey(tcp, udp, &end)
                case nil: break
                }
            }
            for carrier in carriers { if let time = carrier.deadline, time <= context.now { carrier.deadlinePassed() } }
            if let end, end <= context.now || carriers.allSatisfy({ $0.count == 0 }) { break }
        }
        for carrier in carriers { carrier.end() }
    }

    private func obey(_ tcp: any RelayCarrier, _ udp: any RelayCarrier, _ end: inout ContinuousClock.Instant?) {
        wake.clear()
        let taken = commands.withLock { commands in
            let taken = commands
            commands = []
            return taken
        }
        for command in taken {
            switch command {
            case .add(let socket):
                // Refused only for want of memory: the socket's siblings of other workers serve on.
                try? (socket.listener.protocol == .tcp ? tcp : udp).add(socket)
            case .remove(let socket): (socket.listener.protocol == .tcp ? tcp : udp).remove(socket)
            case .backendsChanged:
                tcp.backendsChanged()
                udp.backendsChanged()
            case .list(let answer): answer(tcp.records + udp.records)
            case .finish(let time): end = time
            }
        }
    }
}
