internal import DNSWire
internal import NetworkTypes

/// All decisions of a forwarder: which questions are asked, joined, refused or answered from what was kept. Events in,
/// actions out; the shell has the sockets and the clock.
struct ForwarderCore {
    typealias Waiter = @Sendable (ForwardedAnswer) -> Void

    private struct InFlight {
        let question: ForwardedQuestion
        var lookup: Lookup
        var waiters: [Waiter]
        /// Whose question it is; nil: nobody's in particular.
        let owner: IPAddress?
        /// How many of those who wait each client is.
        var clients: [IPAddress: Int]
        /// When those who wait get an answer that has expired, where there is one.
        var staleAt: Duration?
    }

    private let cache: AnswerCache
    private var context: LookupContext
    private var lookups: [LookupID: InFlight] = [:]
    private var byQuestion: [ForwardedQuestion: LookupID] = [:]
    private var byAttempt: [AttemptID: LookupID] = [:]
    private var lookupCount: UInt64 = 0
    /// Questions in flight that each client began.
    private var owned: [IPAddress: Set<LookupID>] = [:]
    /// Questions of each client that were admitted and have not come to `resolve` yet.
    private var arriving: [IPAddress: Int] = [:]
    private var arrivingCount = 0
    /// Sockets that lookups have, and how many of these are beyond the first of each.
    private var (socketCount, furtherSocketCount) = (0, 0)
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
        result.sockets = socketCount
        result.withheldQueries = context.withheldQueries
        result.upstreams = context.table.statistics
        return result
    }

    /// A question of a client: answered at once, joined to an equal one, or asked.
    ///
    /// - Parameter client: who has to share; nil has no part of its own, and is limited with all others only.
    mutating func resolve(
        _ question: ForwardedQuestion, client: IPAddress? = nil, _ waiter: @escaping Waiter, now: Duration
    ) -> [ForwarderAction] {
        if let answer = immediateAnswer(question, now: now) { return [.complete([waiter], answer)] }
        if let id = byQuestion[question] { return join(id, question, client, waiter, now: now) }
        if let client, owned[client]?.count ?? 0 >= context.limits.questionsPerClient {
            counts.rejectsOfClients += 1
            return [.complete([waiter], rejection(question, now: now))]
        }
        var actions: [ForwarderAction] = []
        if lookups.count >= context.limits.questionsInFlight {
            guard let place = placeForNewcomer(client) else {
                counts.rejectsAtTotal += 1
                return [.complete([waiter], rejection(question, now: now))]
            }
            counts.displaced += 1
            actions = displace(place, now: now)
        }
        let staleAt = cache.hasStale(question, now: now) ? now + context.limits.staleAnswerTime : nil
        return actions + begin(question, client, waiters: [waiter], staleAt: staleAt, now: now)
    }

    /// Whether a client's question may go to the thread that calls `resolve`. Any thread's quick look, so that a flood
    /// is turned away where it comes in and fills no queue.
    ///
    /// - Returns: nil to go on, and `arrived` is to be called there; else the answer.
    mutating func admit(_ question: ForwardedQuestion, client: IPAddress?, now: Duration) -> ForwardedAnswer? {
        if let client, arriving[client] ?? 0 >= context.limits.questionsPerClient {
            counts.rejectsOfClients += 1
            return rejection(question, now: now)
        }
        guard arrivingCount < 2 * context.limits.questionsInFlight else {
            counts.rejectsAtTotal += 1
            return rejection(question, now: now)
        }
        arrivingCount += 1
        if let client { arriving[client, default: 0] += 1 }
        return nil
    }

    /// A question that was admitted comes to `resolve`.
    mutating func arrived(from client: IPAddress?) {
        arrivingCount -= 1
        guard let client, let count = arriving[client] else { return }
        arriving[client] = count > 1 ? count - 1 : nil
    }

    /// The question that gives way to one of `client`: where it has less than its equal part, the newest of the client
    /// that has most, unless another client waits for it too.
    private func placeForNewcomer(_ client: IPAddress?) -> LookupID? {
        guard let client else { return nil }
        let own = owned[client]?.count ?? 0
        guard own < context.limits.questionsInFlight / (owned.count + (own == 0 ? 1 : 0)) else { return nil }
        guard let (rich, theirs) = owned.max(by: { $0.value.count < $1.value.count }), theirs.count > own + 1 else { return nil }
        return theirs.lazy.filter { id in
            lookups[id].map { $0.clients.isEmpty || ($0.clients.count == 1 && $0.clients[rich] != nil) } ?? false
        }.max { $0.rawValue < $1.rawValue }
    }

    /// Ends a question for another client's: nothing is learnt of it.
    private mutating func displace(_ id: LookupID, now: Duration) -> [ForwarderAction] {
        guard let (inFlight, actions) = remove(id) else { return [] }
        return actions + [.complete(inFlight.waiters, rejection(inFlight.question, now: now))]
    }

    /// An answer that is kept nears its end: asked again, for nobody in particular.
    mutating func prefetch(_ question: ForwardedQuestion, now: Duration) -> [ForwarderAction] {
        // For nobody who waits now: half of the places at most.
        guard !isShutDown, byQuestion[question] == nil, lookups.count < max(1, context.limits.questionsInFlight / 2) else {
            return []
        }
        return begin(question, nil, waiters: [], staleAt: nil, now: now)
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
                lookups[id]?.clients = [:]
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
        (lookups, byQuestion, byAttempt, owned) = ([:], [:], [:], [:])
        (socketCount, furtherSocketCount) = (0, 0)
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

    private mutating func join(
        _ id: LookupID, _ question: ForwardedQuestion, _ client: IPAddress?, _ waiter: @escaping Waiter, now: Duration
    ) -> [ForwarderAction] {
        guard var inFlight = lookups[id] else { return [] }
        let ofClient = client.flatMap { inFlight.clients[$0] } ?? 0
        guard inFlight.waiters.count < context.limits.waitersPerQuestion, ofClient < context.limits.waitersPerClient else {
            counts.rejectsOfWaiters += 1
            return [.complete([waiter], rejection(question, now: now))]
        }
        counts.joins += 1
        inFlight.waiters.append(waiter)
        if let client { inFlight.clients[client] = ofClient + 1 }
        // A renewal began without anybody to wait for it.
        if inFlight.waiters.count == 1, cache.hasStale(inFlight.question, now: now) {
            inFlight.staleAt = now + context.limits.staleAnswerTime
        }
        lookups[id] = inFlight
        return [.wake(id, at: min(inFlight.lookup.wakeAt, inFlight.staleAt ?? inFlight.lookup.wakeAt))]
    }

    private mutating func begin(
        _ question: ForwardedQuestion, _ client: IPAddress?, waiters: [Waiter], staleAt: Duration?, now: Duration
    ) -> [ForwarderAction] {
        lookupCount += 1
        let id = LookupID(rawValue: lookupCount)
        let lookup = Lookup(question, now: now, limits: context.limits)
        lookups[id] = InFlight(
            question: question, lookup: lookup, waiters: waiters, owner: client,
            clients: client.map { [$0: waiters.count] } ?? [:], staleAt: staleAt)
        if let client { owned[client, default: []].insert(id) }
        byQuestion[question] = id
        return step(id, now: now) { $0.begin(&$1) }
    }

    private mutating func step(
        _ id: LookupID, now: Duration, _ body: (inout Lookup, inout LookupContext) -> Lookup.Step
    ) -> [ForwarderAction] {
        guard var lookup = lookups[id]?.lookup else { return [] }
        context.now = now
        context.actions = []
        count(lookup, -1)
        context.furtherSocketsOfOthers = furtherSocketCount
        let outcome = body(&lookup, &context)
        count(lookup, 1)
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

    /// Adds a lookup's sockets to the sums, or takes them off.
    private mutating func count(_ lookup: Lookup, _ sign: Int) {
        let count = lookup.socketCount
        socketCount += sign * count
        furtherSocketCount += sign * max(0, count - 1)
    }

    /// Takes a lookup out of every table; its sockets go.
    private mutating func remove(_ id: LookupID) -> (InFlight, [ForwarderAction])? {
        guard let inFlight = lookups.removeValue(forKey: id) else { return nil }
        byQuestion[inFlight.question] = nil
        if let owner = inFlight.owner {
            owned[owner]?.remove(id)
            if owned[owner]?.isEmpty == true { owned[owner] = nil }
        }
        count(inFlight.lookup, -1)
        var actions: [ForwarderAction] = [.end(id)]
        for attempt in inFlight.lookup.open.keys {
            byAttempt[attempt] = nil
            actions.append(.cancel(attempt))
        }
        return (inFlight, actions)
    }

    private mutating func finish(_ id: LookupID, _ answer: ForwardedAnswer, now: Duration) -> [ForwarderAction] {
        guard let (inFlight, actions) = remove(id) else { return [] }
        cache.store(answer, for: inFlight.question, now: now)
        guard !inFlight.waiters.isEmpty else { return actions }
        let stale = answer.isFailure ? cache.takeStale(inFlight.question, now: now) : nil
        return actions + [.complete(inFlight.waiters, stale ?? answer)]
    }
}
