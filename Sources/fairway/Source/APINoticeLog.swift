internal import KubernetesClient
internal import KubernetesModel
internal import Logging
internal import Synchronization

/// What is told of an API server, in lines for people: of its loss and return one line each, whatever is asked of it.
final class APINoticeLog: Sendable {
    struct State {
        var outage = SourceOutage()
        /// Since when kinds are lost.
        var lostSince: [ObjectKind: Int64] = [:]
        /// What was refused to a kind alone.
        var refusals: [ObjectKind: Refusals] = [:]
        /// Kinds that were followed once.
        var known: Set<ObjectKind> = []
        /// What was said last of a lease that may not be written.
        var leaseRefusal: String?
    }

    struct Refusals {
        var inARow = 0
        var told: String?
    }

    /// Refusals of what was allowed before that make a line: a server that has only just begun refuses until it has read
    /// its own rules.
    static let refusalsWithoutLine = 2

    let logger: Logger
    let clock: @Sendable () -> Int64
    let state = Mutex(State())

    /// - Parameter clock: seconds since 1970.
    init(logger: Logger, clock: @escaping @Sendable () -> Int64 = DNSEngine.wallClock) {
        self.logger = logger
        self.clock = clock
    }

    func tell(_ notice: ReflectorNotice, _ kind: ObjectKind) {
        switch notice {
        case .failed(let failure): failed(failure, kind)
        case .lost(let since): state.withLock { $0.lostSince[kind] = since }
        case .following:
            log(state.withLock {
                $0.lostSince[kind] = nil
                $0.refusals[kind] = nil
                $0.known.insert(kind)
                return $0.outage.follows(kind.rawValue, now: clock())
            })
        case .unreadable(let fault): logger.error("\(kind.rawValue) passed over: \(fault)")
        case .withoutStreams(let reason): logger.info("\(kind.rawValue): read in pages, \(reason)")
        case .expired: logger.debug("\(kind.rawValue): what was known is too old for the server, listed anew")
        default: logger.debug("\(kind.rawValue): \(notice)")
        }
    }

    private func failed(_ failure: ReflectorFailure, _ kind: ObjectKind) {
        let now = clock()
        let (line, isOwn) = state.withLock { state -> (SourceOutage.Line?, Bool) in
            guard failure.concernsServer else {
                return (state.outage.end(kind.rawValue, now), state.refused(failure.reason, kind))
            }
            let line = state.outage.failed(
                kind.rawValue, reason: failure.reason, since: state.lostSince[kind], inARow: failure.inARow,
                isSilence: failure.isSilence, now: now)
            return (line, false)
        }
        logger.log(
            level: isOwn ? .warning : .debug, "\(kind.rawValue): \(failure.reason)",
            metadata: ["retryIn": "\(failure.retryIn.roundedText)"])
        log(line)
    }

    /// These kinds are followed no longer.
    func forget(_ kinds: some Sequence<ObjectKind>) {
        for kind in kinds {
            log(state.withLock {
                $0.lostSince[kind] = nil
                return $0.outage.forget(kind.rawValue, clock())
            })
        }
    }

    func log(_ line: SourceOutage.Line?) {
        switch line {
        case .lost(let since?, let reason):
            logger.warning(
                "the API server is lost, and what it told last is held on to: \(reason)",
                metadata: ["since": "\(Timestamp(seconds: since))"])
        case .lost(nil, let reason): logger.warning("nothing is known of the cluster yet: \(reason)")
        case .still(let seconds, let reason):
            logger.warning("the API server is still not there: \(reason)", metadata: ["lost": "\(seconds)s"])
        case .back(let seconds, true): logger.info("the API server is back", metadata: ["lost": "\(seconds)s"])
        case .back(let seconds, false): logger.info("the API server answers", metadata: ["after": "\(seconds)s"])
        case nil: break
        }
    }
}

extension APINoticeLog.State {
    /// - Returns: whether it is worth a line.
    fileprivate mutating func refused(_ reason: String, _ kind: ObjectKind) -> Bool {
        var refusals = refusals[kind] ?? APINoticeLog.Refusals()
        refusals.inARow += 1
        defer { self.refusals[kind] = refusals }
        guard refusals.told != reason else { return false }
        if known.contains(kind), refusals.inARow <= APINoticeLog.refusalsWithoutLine { return false }
        refusals.told = reason
        return true
    }
}

extension Duration {
    /// Seconds with one digit: `0.9s`.
    var roundedText: String {
        let tenths = (components.seconds * 10) + components.attoseconds / 100_000_000_000_000_000
        return "\(tenths / 10).\(tenths % 10)s"
    }
}
