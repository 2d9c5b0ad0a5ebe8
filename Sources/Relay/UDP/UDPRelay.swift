internal import LinuxSystem
internal import NetworkTypes

/// One worker's UDP: takes datagrams from listeners, finds or begins their sessions, and passes both directions on.
///
/// The limits on sessions are those of all workers: each has an equal share, at least one session, as the kernel spreads
/// flows evenly over the workers' sockets.
final class UDPRelay {
    let context: RelayWorkerContext
    let datagrams: DatagramRelay
    let sessionShare: Int
    let clientShare: Int
    var sessions = UDPSessionTable()
    var replySockets: UDPReplySockets
    var clientErrors: UDPClientErrors
    var listeners: [UDPListener?] = []
    /// Those that were removed while answers may still leave through them.
    var removed: [UDPListener] = []
    /// Counts the changes of backends.
    var epoch = 0
    /// The slot after each, of the same session.
    var nextSlot: [Int?]
    /// Sessions with slots that were not sent yet.
    var waiting: [UDPSession] = []

    init(_ context: RelayWorkerContext) throws(Errno) {
        let configuration = context.configuration
        let workers = configuration.workerCount
        datagrams = try DatagramRelay(capacity: UDPLimits.batch)
        self.context = context
        sessionShare = max(1, configuration.sessionLimit / workers)
        clientShare = max(1, configuration.sessionsPerClientLimit / workers)
        replySockets = UDPReplySockets(mark: configuration.mark)
        clientErrors = UDPClientErrors(context.statistics.datagrams)
        nextSlot = Array(repeating: nil, count: UDPLimits.batch)
        waiting.reserveCapacity(UDPLimits.batch)
    }

    var statistics: UDPStatistics { context.statistics.datagrams }
    var now: ContinuousClock.Instant { context.now }

    func handle(_ event: Epoll.Event, token: UInt64) {
        let number = Int(token >> 1)
        switch Part(rawValue: token & 1) {
        case .listener:
            guard number < listeners.count, let listener = listeners[number] else { return }
            receive(from: listener.socket, for: listener)
        // An event of a session that ended a moment ago may find its successor: that one looks in vain.
        case .session: if let session = sessions[number: number] { handle(event, of: session) }
        case nil: break
        }
    }

    /// What a token is of, by its lowest bit; the rest is a number.
    enum Part: UInt64 {
        case listener = 0
        case session = 1
    }

    static func token(_ part: Part, _ number: Int) -> UInt64 { UInt64(number) << 1 | part.rawValue }

    var records: [RelayConnectionRecord] { sessions.all.compactMap { $0.record(now: now) } }

    /// Each session is compared with the table when its next datagram comes.
    func backendsChanged() { epoch += 1 }
}
