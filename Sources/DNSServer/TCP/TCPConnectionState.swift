internal import NIOCore

/// What one connection is at, and what follows from it: no I/O, and the time is told.
struct TCPConnectionState {
    /// What the owner has to do next.
    enum Step: Equatable {
        case stay
        /// Everything was sent: end the sending side and wait for the client's end.
        case finish(TCPCloseReason)
        /// Close now.
        case close(TCPCloseReason)
    }

    let limits: TCPLimits
    /// Queries that wait for other servers.
    private(set) var outstanding = 0
    /// Bytes of answers handed to the channel that the kernel has not taken.
    private(set) var queuedBytes = 0
    /// Queries taken, ever.
    private(set) var queryCount = 0
    /// The client will send nothing more.
    private(set) var inputEnded = false
    /// The server stops.
    private(set) var isStopping = false
    /// No more queries are taken; it ends as soon as everything taken is answered and sent.
    private(set) var endsWhenQuiet: TCPCloseReason?
    /// The sending side was ended; what still comes is thrown away.
    private(set) var isFinishing: TCPCloseReason?
    /// When a query or an answer passed last.
    private var lastActivity: NIODeadline
    /// When the kernel took bytes last, or began to owe it.
    private var lastProgress: NIODeadline

    init(limits: TCPLimits, now: NIODeadline) {
        self.limits = limits
        lastActivity = now
        lastProgress = now
    }

    /// Nothing is asked that was not answered and sent.
    var isQuiet: Bool { outstanding == 0 && queuedBytes == 0 }

    /// One more query may be taken, with `pendingBytes` of answers not handed on yet.
    func mayTakeQuery(pendingBytes: Int = 0) -> Bool {
        isFinishing == nil && endsWhenQuiet == nil && outstanding < limits.outstandingQueries
            && queuedBytes + pendingBytes < limits.queuedBytes
    }

    var wantsRead: Bool { !inputEnded && (isFinishing != nil || mayTakeQuery()) }
}

/// What happens to it.
extension TCPConnectionState {
    mutating func took(now: NIODeadline) {
        queryCount += 1
        lastActivity = now
    }

    mutating func forwarded() { outstanding += 1 }

    /// - Precondition: one answer for each `forwarded`.
    mutating func answered(now: NIODeadline) {
        precondition(outstanding > 0, "a forwarded query was answered twice")
        outstanding -= 1
        lastActivity = now
    }

    mutating func queued(_ byteCount: Int, now: NIODeadline) {
        if queuedBytes == 0 { lastProgress = now }
        queuedBytes += byteCount
    }

    mutating func sent(_ byteCount: Int, now: NIODeadline) {
        queuedBytes -= byteCount
        lastProgress = now
        lastActivity = now
    }

    mutating func endInput() { inputEnded = true }

    mutating func endWhenQuiet(_ reason: TCPCloseReason) { endsWhenQuiet = reason }

    mutating func stop(now: NIODeadline) {
        isStopping = true
        lastActivity = now
    }

    /// - Precondition: it is quiet.
    mutating func finish(_ reason: TCPCloseReason, now: NIODeadline) {
        isFinishing = reason
        lastActivity = now
    }
}

/// What follows.
extension TCPConnectionState {
    /// After every event: every whole query that may be taken has been.
    func settled() -> Step {
        guard isQuiet else { return .stay }
        if let isFinishing { return inputEnded ? .close(isFinishing) : .stay }
        if inputEnded { return .close(endsWhenQuiet ?? .finished) }
        if let endsWhenQuiet { return .finish(endsWhenQuiet) }
        if let limit = limits.queriesPerConnection, queryCount >= limit { return .finish(.queryLimit) }
        return .stay
    }

    /// When `expired` has to be asked; nil while only other servers are waited for, who have a time of their own.
    var deadline: NIODeadline? {
        if isFinishing != nil { return lastActivity + TimeAmount(limits.linger) }
        if queuedBytes > 0 { return lastProgress + TimeAmount(limits.writeTimeout) }
        if outstanding > 0 { return nil }
        if isStopping { return lastActivity + TimeAmount(limits.stopQuiet) }
        return lastActivity + TimeAmount(queryCount == 0 ? limits.firstQueryTimeout : limits.idleTimeout)
    }

    func expired(now: NIODeadline) -> Step {
        guard let deadline, deadline <= now else { return .stay }
        if let isFinishing { return .close(isFinishing) }
        if queuedBytes > 0 { return .close(.slowReader) }
        if isStopping { return .finish(.stopped) }
        return .finish(queryCount == 0 ? .noQuery : .idle)
    }
}
