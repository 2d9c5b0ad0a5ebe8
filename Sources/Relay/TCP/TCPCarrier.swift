internal import LinuxSystem

/// The part of a worker that carries TCP.
///
/// System calls of a connection that carries one request and its answer: accept4, getsockname or SO_ORIGINAL_DST,
/// socket, 2 setsockopt (3 with a mark), connect, 2 epoll_ctl, recv and send each way, recv and shutdown of the first
/// end, recv of the second, 2 close; and epoll_wait, once for all that happened meanwhile. Each further request and
/// answer: recv and send each way.
final class TCPCarrier: RelayCarrier {
    static let everythingButWritable: Epoll.Interest = [.readable, .peerEnd, .urgent, .edgeTriggered]
    static let everything = everythingButWritable.union(.writable)

    let context: RelayWorkerContext
    let pool: TransferPool
    var listeners: [TCPListening?] = []
    var pause: TCPPause?
    var connections = TCPConnectionTable()
    var deadlines = DeadlineHeap()
    /// Sides whose bytes are moved on after others had their turn.
    var interrupted: [TCPToken] = []
    private var resumed: [TCPToken] = []
    private var nextKeepAlive: ContinuousClock.Instant

    init(_ context: RelayWorkerContext) {
        self.context = context
        pool = TransferPool(pipeLimit: context.configuration.pipeLimit / context.configuration.workerCount)
        nextKeepAlive = context.now + context.configuration.keepAliveAfter
    }

    func handle(_ event: Epoll.Event, token: UInt64) {
        let token = TCPToken(rawValue: token)
        switch token.side {
        case .listener: accept(token.index)
        case .client:
            if let connection = connections[token] { changed(connection, .client, event) }
        case .backend:
            guard let connection = connections[token] else { return }
            switch connection.phase {
            case .connecting: attemptChanged(connection, event)
            case .established: changed(connection, .backend, event)
            }
        case nil: break
        }
    }

    var deadline: ContinuousClock.Instant? {
        if !interrupted.isEmpty { return context.now }
        var earliest = pause?.end
        if let first = firstDeadline() { earliest = earliest.map { min($0, first.time) } ?? first.time }
        if connections.count > 0 { earliest = earliest.map { min($0, nextKeepAlive) } ?? nextKeepAlive }
        return earliest
    }

    func deadlinePassed() {
        moveInterrupted()
        while let first = deadlines.first, first.time <= context.now {
            deadlines.removeFirst()
            guard let connection = connections[TCPToken(rawValue: first.key)], connection.deadline == first.time
            else { continue }
            connection.deadline = nil
            switch connection.phase {
            case .connecting: attemptExpired(connection)
            case .established: end(connection, .drained)
            }
        }
        if let end = pause?.end, end <= context.now { resume() }
        if nextKeepAlive <= context.now { beginKeepAlive() }
    }

    func backendsChanged() {
        for connection in connections.all where connection.phase == .established {
            if connection.target.isGone { beginDrain(connection) } else { endDrain(connection) }
        }
    }

    var count: Int { connections.count }

    var records: [RelayConnectionRecord] { connections.all.map { $0.record(context.now) } }

    func end() {
        for connection in connections.all { end(connection, .stopped) }
        listeners = []
    }

    func setDeadline(_ connection: TCPConnection, _ time: ContinuousClock.Instant) {
        connection.deadline = time
        deadlines.insert(DeadlineHeap.Entry(time: time, key: connection.key.rawValue))
    }

    /// The first that somebody still waits for: the worker does not wake for others.
    private func firstDeadline() -> DeadlineHeap.Entry? {
        while let first = deadlines.first {
            if connections[TCPToken(rawValue: first.key)]?.deadline == first.time { return first }
            deadlines.removeFirst()
        }
        return nil
    }

    private func moveInterrupted() {
        swap(&interrupted, &resumed)
        for token in resumed {
            guard let connection = connections[token] else { continue }
            let side = token.side == .client ? TCPSide.client : .backend
            connection.withDirection(from: side) { $0.isQueued = false }
            move(connection, from: side)
        }
        resumed.removeAll(keepingCapacity: true)
    }

    /// Keep-alive of those that are old enough. What clients' sockets need they have from the listener.
    private func beginKeepAlive() {
        let age = context.configuration.keepAliveAfter
        nextKeepAlive = context.now + age
        let keepAlive = context.configuration.keepAlive
        for connection in connections.all where connection.phase == .established && !connection.hasKeepAlive {
            guard connection.began.duration(to: context.now) >= age else { continue }
            // Refused only for a connection that is being reset.
            try? connection.backend.setKeepAlive(keepAlive)
            connection.hasKeepAlive = true
        }
    }
}
