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
        /// What the TCP carrier stopped listening for is there again.
        case resume
        /// Ends once nothing is open any more, at the latest at this moment.
        case finish(ContinuousClock.Instant)
    }

    private struct State {
        var commands: [Command] = []
        var hasEnded = false
    }

    /// Connections and sessions after the last round of events.
    let openCount = Atomic<Int>(0)
    private let state = Mutex(State())
    private let wake: WakeDescriptor

    init() throws(Errno) { wake = try WakeDescriptor() }

    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// - Returns: false when the worker has ended, and will not do it.
    @discardableResult
    func perform(_ command: Command) -> Bool {
        let isTaken = state.withLock { state in
            if !state.hasEnded { state.commands.append(command) }
            return !state.hasEnded
        }
        if isTaken { wake.signal() }
        return isTaken
    }

    /// To be called on the worker's thread before `run`.
    func prepare(_ context: RelayWorkerContext) throws(Errno) {
        try context.watch(wake.rawValue, .readable, .worker, token: 0)
    }

    /// The thread's body, until `finish`.
    func run(_ context: RelayWorkerContext, tcp: TCPCarrier, udp: UDPCarrier) {
        let events = Epoll.EventBuffer()
        var end: ContinuousClock.Instant?
        while true {
            let timeout = Self.milliseconds(from: context.now, to: Self.earliest(tcp.deadline, udp.deadline, end))
            // Refused only for a mistake of ours, which would show as a thread that spins.
            guard let count = try? context.epoll.wait(into: events, milliseconds: timeout) else {
                preconditionFailure("epoll_wait refused")
            }
            context.now = .now
            for index in 0..<count {
                let event = events[index]
                let token = event.token & RelayWorkerContext.tokenMask
                switch RelayWorkerContext.Part(rawValue: event.token >> 56) {
                case .tcp: tcp.handle(event, token: token)
                case .udp: udp.handle(event, token: token)
                case .worker: obey(tcp, udp, &end)
                case nil: break
                }
            }
            if let time = tcp.deadline, time <= context.now { tcp.deadlinePassed() }
            if let time = udp.deadline, time <= context.now { udp.deadlinePassed() }
            openCount.store(tcp.count + udp.count, ordering: .relaxed)
            if let end, end <= context.now || tcp.count + udp.count == 0 { break }
        }
        tcp.end()
        udp.end()
        takeNothingMore()
    }

    private static func earliest(
        _ a: ContinuousClock.Instant?, _ b: ContinuousClock.Instant?, _ c: ContinuousClock.Instant?
    ) -> ContinuousClock.Instant? {
        var earliest = a
        if let b { earliest = earliest.map { min($0, b) } ?? b }
        if let c { earliest = earliest.map { min($0, c) } ?? c }
        return earliest
    }

    private static func milliseconds(from now: ContinuousClock.Instant, to time: ContinuousClock.Instant?) -> Int32 {
        guard let time else { return -1 }
        return time <= now ? 0 : now.duration(to: time).milliseconds
    }

    /// Who still waits for an answer gets one.
    private func takeNothingMore() {
        let left = state.withLock { state in
            state.hasEnded = true
            let left = state.commands
            state.commands = []
            return left
        }
        for case .list(let answer) in left { answer([]) }
    }

    private func obey(_ tcp: TCPCarrier, _ udp: UDPCarrier, _ end: inout ContinuousClock.Instant?) {
        wake.clear()
        let taken = state.withLock { state in
            let taken = state.commands
            state.commands = []
            return taken
        }
        for command in taken {
            switch command {
            case .add(let socket): add(socket, tcp, udp)
            case .remove(let socket):
                if socket.listener.protocol == .tcp { tcp.remove(socket) } else { udp.remove(socket) }
            case .backendsChanged:
                tcp.backendsChanged()
                udp.backendsChanged()
            case .list(let answer): answer(tcp.records + udp.records)
            case .resume: tcp.resume()
            case .finish(let time): end = min(time, end ?? time)
            }
        }
    }

    /// Refused only for want of memory: the socket's siblings of other workers serve on.
    private func add(_ socket: RelaySocket, _ tcp: TCPCarrier, _ udp: UDPCarrier) {
        if socket.listener.protocol == .tcp { try? tcp.add(socket) } else { try? udp.add(socket) }
    }
}
