internal import DNSWire

/// All decisions of a forwarder: which questions are asked, joined, refused or answered from what was kept. Events in,
/// actions out; the shell has the sockets and the clock.
struct ForwarderCore {
    typealias Waiter = @Sendable (ForwardedAnswer) -> Void

    private struct InFlight {
        let question: ForwardedQuestion
        var lookup: Lookup
        var waiters: [Waiter]
        /// When those who wait get an answer that has expired, where there is one.
        var staleAt: Duration?
    }

    private let cache: AnswerCache
    private var context: LookupContext
    private var lookups: [LookupID: InFlight] = [:]
    private var byQuestion: [ForwardedQuestion: LookupID] = [:]
    private var byAttempt: [AttemptID: LookupID] = [:]
    private var lookupCount: UInt64 = 0
    private var isShutDown = false
    private var counts = ForwarderStatistics()

    init(_ configuration: ForwarderConfiguration, cache: AnswerCache, random: any RandomNumberGenerator & Sendable) {
        self.cache = cache
        context = LookupContext(configuration, random: random)
    }

    var loopGuard: LoopGuard { context.loopGuard }
    var upstreams: [UpstreamAddress] { context.table.states.map(\.address) }

    var statistics: ForwarderStatistics {
        var result = counts
        result.questionsInFlight = lookups.count
        result.upstreams = context.table.statistics
        return result
    }

    /// A question of a client: answered at once, joined to an equal one, or asked.
    mutating func resolve(_ question: ForwardedQuestion, _ waiter: @escaping Waiter, now: Duration) -> [ForwarderAction] {
        if let answer = immediateAnswer(question, now: now) { return [.complete([waiter], answer)] }
        if let id = byQuestion[question] {
            guard lookups[id]?.waiters.count ?? 0 < context.limits.waitersPerQuestion else {
                counts.rejects += 1
                return [.complete([waiter], rejection(question, now: now))]
            }
            counts.joins += 1
            lookups[id]?.waiters.append(waiter)
            return []
        }
        guard lookups.count < context.limits.questionsInFlight else {
            counts.rejects += 1
            return [.complete([waiter], rejection(question, now: now))]
        }
        let staleAt = cache.hasStale(question, now: now) ? now + context.limits.staleAnswerTime : nil
        return begin(question, waiters: [waiter], staleAt: staleAt, now: now)
    }

    /// An answer that is kept nears its end: asked again, for nobody in particular.
    mutating func prefetch(_ question: ForwardedQuestion, now: Duration) -> [ForwarderAction] {
        guard !isShutDown, byQuestion[question] == nil, lookups.count < context.limits.questionsInFlight else {
            return []
        }
        return begin(question, waiters: [], staleAt: nil, now: now)
    }

    /// A message arrived on the socket of a query.
    mutating func received(_ bytes: [UInt8], on attempt: AttemptID, now: Duration) -> [ForwarderAction] {
        guard let id = byAttempt[attempt] else { return [] }
        return step(id, now: now) { $0.received(bytes, on: attempt, &$1) }
    }

    /// The socket of a query failed.
    mutating func failed(_ attempt: AttemptID, now: Duration) -> [ForwarderAction] {
        guard let id = byAttempt[attempt] else { return [] }
        return step(id, now: now) { $0.failed(attempt, &$1) }
    }

    /// The time that a `wake` action named has come.
    mutating func wake(_ id: LookupID, now: Duration) -> [ForwarderAction] {
        var actions: [ForwarderAction] = []
        if let inFlight = lookups[id], let staleAt = inFlight.staleAt, staleAt <= now {
            lookups[id]?.staleAt = nil
            if let answer = cache.takeStale(inFlight.question, now: now) {
                lookups[id]?.waiters = []
                actions.append(.complete(inFlight.waiters, answer))
            }
        }
        return actions + step(id, now: now) { $0.wake(&$1) }
    }

    /// A query had a connection, or got one.
    mutating func usedConnection(of upstream: Int, wasThere: Bool) {
        if wasThere {
            context.table[upstream].statistics.connectionHits += 1
        } else {
            context.table[upstream].statistics.connectionMisses += 1
        }
    }

    mutating func sawOwnQuery() { counts.loops += 1 }

    /// Everybody who waits gets SERVFAIL, and so does who asks from now on.
    mutating func shutDown() -> [ForwarderAction] {
        isShutDown = true
        var actions: [ForwarderAction] = byAttempt.keys.map { .cancel($0) }
        for (id, inFlight) in lookups {
            actions.append(.end(id))
            actions.append(.complete(inFlight.waiters, Self.endingAnswer))
        }
        (lookups, byQuestion, byAttempt) = ([:], [:], [:])
        return actions
    }

    private static let endingAnswer = ForwardedAnswer.failure(ExtendedErrorCode.notReady, "the server is ending")

    private func immediateAnswer(_ question: ForwardedQuestion, now: Duration) -> ForwardedAnswer? {
        if isShutDown { return Self.endingAnswer }
        if context.isOwn(question.question.name) {
            return .failure(ExtendedErrorCode.other, "\(question.question.name) is not asked of others")
        }
        return cache.fresh(question, now: now)
    }

    private func rejection(_ question: ForwardedQuestion, now: Duration) -> ForwardedAnswer {
        cache.takeStale(question, now: now) ?? .failure(ExtendedErrorCode.other, "too many questions in flight")
    }

    private mutating func begin(
        _ question: ForwardedQuestion, waiters: [Waiter], staleAt: Duration?, now: Duration
    ) -> [ForwarderAction] {
        lookupCount += 1
        let id = LookupID(rawValue: lookupCount)
        let lookup = Lookup(question, now: now, limits: context.limits)
        lookups[id] = InFlight(question: question, lookup: lookup, waiters: waiters, staleAt: staleAt)
        byQuestion[question] = id
        return step(id, now: now) { $0.begin(&$1) }
    }

    private mutating func step(
        _ id: LookupID, now: Duration, _ body: (inout Lookup, inout LookupContext) -> Lookup.Step
    ) -> [ForwarderAction] {
        guard var lookup = lookups[id]?.lookup else { return [] }
        context.now = now
        context.actions = []
        let outcome = body(&lookup, &context)
        lookups[id]?.lookup = lookup
        var actions = context.actions
        context.actions = []
        for action in actions {
            switch action {
            case .send(let attempt): byAttempt[attempt.id] = id
            case .cancel(let attempt): byAttempt[attempt] = nil
            default: break
            }
        }
        switch outcome {
        case .waiting:
            actions.append(.wake(id, at: min(lookup.wakeAt, lookups[id]?.staleAt ?? lookup.wakeAt)))
        case .finished(let answer):
            actions += finish(id, answer, now: now)
        }
        return actions
    }

    private mutating func finish(_ id: LookupID, _ answer: ForwardedAnswer, now: Duration) -> [ForwarderAction] {
        guard let inFlight = lookups.removeValue(forKey: id) else { return [] }
        byQuestion[inFlight.question] = nil
        var actions: [ForwarderAction] = [.end(id)]
        for attempt in inFlight.lookup.open.keys {
            byAttempt[attempt] = nil
            actions.append(.cancel(attempt))
        }
        cache.store(answer, for: inFlight.question, now: now)
        guard !inFlight.waiters.isEmpty else { return actions }
        let stale = answer.isFailure ? cache.takeStale(inFlight.question, now: now) : nil
        return actions + [.complete(inFlight.waiters, stale ?? answer)]
    }
}
