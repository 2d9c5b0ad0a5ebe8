internal import DNSWire

/// One question on its way: whom to ask, when another too, when over TCP, when to give up. No socket, no clock.
///
/// Queries go out one after the other, each after the patience that its predecessor's upstream deserves, or at once
/// when that failed; every one sent goes on being listened to until the question is answered.
struct Lookup {
    /// What a step came to.
    enum Step: Equatable {
        case waiting
        case finished(ForwardedAnswer)
    }

    struct OpenAttempt {
        let attempt: Attempt
        let sentAt: Duration
        /// When silence counts against the upstream.
        let dueAt: Duration
        var isOverdue = false
        var mismatches = 0
    }

    /// What is asked now: the client's question, or the target of an alias.
    var current: ForwardedQuestion
    let deadline: Duration
    /// When the next query is due.
    var nextQueryAt: Duration
    var open: [AttemptID: OpenAttempt] = [:]
    /// Records and number of the aliases that led to `current`.
    var chain: [ResourceRecord] = []
    var aliasCount = 0
    /// A failure that an upstream answered, for want of better.
    var refusal: ForwardedAnswer?

    /// Upstreams in the order in which to ask.
    private var order: [Int] = []
    private var queries: [Int: Int] = [:]
    private var errors: [Int: Int] = [:]
    private var refusers: Set<Int> = []
    private var streamsTried: Set<Int> = []
    private var attemptCount = 0

    /// Times that an upstream's sockets may fail for one question.
    static let errorsPerUpstream = 2
    /// Times that a silent upstream is asked one question.
    static let queriesPerUpstream = 5

    init(_ question: ForwardedQuestion, now: Duration, limits: ForwarderLimits) {
        current = question
        deadline = now + limits.totalTime
        nextQueryAt = now
    }

    /// When `wake` has something to do.
    var wakeAt: Duration {
        open.values.reduce(min(nextQueryAt, deadline)) { $1.isOverdue ? $0 : min($0, $1.dueAt) }
    }

    /// Asks the first upstream for `current`.
    mutating func begin(_ context: inout LookupContext) -> Step {
        order = context.table.order(for: current.question.name, now: context.now, random: &context.random)
        (queries, errors, refusers, streamsTried) = ([:], [:], [], [])
        // Each alias has half of the queries for itself; how many aliases there may be is limited.
        attemptCount = min(attemptCount, context.limits.attempts / 2)
        guard !order.isEmpty else {
            return .finished(
                .failure(ExtendedErrorCode.noReachableAuthority, "no upstream for \(current.question.name)"))
        }
        askNext(&context)
        return .waiting
    }

    /// Time has passed: upstreams are overdue, another query is due, or it is enough.
    mutating func wake(_ context: inout LookupContext) -> Step {
        for (id, attempt) in open where !attempt.isOverdue && attempt.dueAt <= context.now {
            open[id]?.isOverdue = true
            context.table[attempt.attempt.upstream].wasSilent(at: context.now)
        }
        if context.now >= deadline {
            return .finished(
                refusal
                    ?? .failure(
                        ExtendedErrorCode.noReachableAuthority,
                        "no upstream answered within \(Int(context.limits.totalTime / .seconds(1))) s"))
        }
        if context.now >= nextQueryAt { askNext(&context) }
        // No query is left to send and none is waited for.
        if open.isEmpty, attemptCount >= context.limits.attempts {
            return .finished(
                refusal
                    ?? .failure(
                        ExtendedErrorCode.noReachableAuthority,
                        "\(attemptCount) queries for \(current.question.name) came to nothing"))
        }
        return .waiting
    }

    /// The socket of a query failed.
    mutating func failed(_ id: AttemptID, _ context: inout LookupContext) -> Step {
        guard let attempt = open.removeValue(forKey: id)?.attempt else { return .waiting }
        context.actions.append(.cancel(id))
        context.table[attempt.upstream].failed(at: context.now)
        errors[attempt.upstream, default: 0] += 1
        return goOn(&context, or: .failure(ExtendedErrorCode.networkError, "no upstream can be reached"))
    }

    /// Sockets of its own; those of TLS are shared.
    var socketCount: Int { open.values.count { $0.attempt.transport != .tls } }

    // MARK: Parts of steps

    /// After a query came to nothing: the next upstream at once; else a repetition in a while; else it is over.
    mutating func goOn(_ context: inout LookupContext, or failure: ForwardedAnswer) -> Step {
        if let next = next(), queries[next] == nil {
            askNext(&context)
        } else if open.isEmpty {
            guard next() != nil else { return .finished(refusal ?? failure) }
            nextQueryAt = min(nextQueryAt, context.now + context.limits.initialHedge)
        }
        return .waiting
    }

    /// An upstream answered that it cannot: no other query goes there for this question.
    mutating func refused(by upstream: Int, _ answer: ForwardedAnswer, _ context: inout LookupContext) -> Step {
        refusers.insert(upstream)
        refusal = refusal ?? answer
        for (id, attempt) in open where attempt.attempt.upstream == upstream { close(id, &context) }
        return goOn(&context, or: answer)
    }

    /// Asks the same upstream over TCP, once for a question.
    mutating func askOverStream(_ upstream: Int, _ context: inout LookupContext) {
        guard context.mayOpen(beside: socketCount), streamsTried.insert(upstream).inserted else { return }
        send(to: upstream, transport: .tcp, &context)
    }

    /// Asks again, at once, after the upstream disliked something.
    mutating func repeatQuery(to upstream: Int, _ context: inout LookupContext) {
        send(to: upstream, transport: context.table[upstream].address.isTLS ? .tls : .udp, &context)
    }

    mutating func close(_ id: AttemptID, _ context: inout LookupContext) {
        open[id] = nil
        context.actions.append(.cancel(id))
    }

    /// The upstream to ask next: the one asked least, in order.
    private func next() -> Int? {
        var best: Int?
        for upstream in order where !refusers.contains(upstream) {
            guard errors[upstream, default: 0] < Self.errorsPerUpstream else { continue }
            let count = queries[upstream, default: 0]
            guard count < Self.queriesPerUpstream else { continue }
            if best.map({ count < queries[$0, default: 0] }) ?? true { best = upstream }
        }
        return best
    }

    private mutating func askNext(_ context: inout LookupContext) {
        nextQueryAt = deadline
        guard let upstream = next() else { return }
        let state = context.table[upstream]
        guard state.address.isTLS || hasSocket(&context) else {
            nextQueryAt = context.now + context.limits.initialHedge
            return
        }
        send(to: upstream, transport: state.address.isTLS ? .tls : .udp, &context)
        guard let after = next() else { return }
        var wait = state.estimate.patience(context.limits)
        if let asked = queries[after] {
            // The same one again: it may be resolving; twice as long each time.
            wait = max(wait, context.limits.initialHedge * (1 << (asked - 1)))
        }
        nextQueryAt = context.now + wait
    }

    /// Another query may have a socket: a free one, or that of one which has been listened to for long. First queries
    /// come before second ones; and where nothing is left, one answer that may come late is worth less than another try.
    private mutating func hasSocket(_ context: inout LookupContext) -> Bool {
        if context.mayOpen(beside: socketCount) { return true }
        context.withheldQueries += 1
        let oldest = open.values.filter { $0.attempt.transport != .tls }.min { $0.sentAt < $1.sentAt }
        guard let oldest, oldest.sentAt + context.limits.scarceAttemptTime <= context.now else { return false }
        close(oldest.attempt.id, &context)
        return true
    }

    private mutating func send(to upstream: Int, transport: AttemptTransport, _ context: inout LookupContext) {
        guard attemptCount < context.limits.attempts, transport == .tls || context.mayOpen(beside: socketCount) else { return }
        attemptCount += 1
        let repetition = queries[upstream, default: 0] > 0
        if transport != .tcp { queries[upstream, default: 0] += 1 }
        let query = QueryImage(
            current, extensions: context.table[upstream].extensions(isRepetition: repetition, now: context.now),
            token: context.loopGuard.token, random: &context.random)
        let attempt = Attempt(id: context.nextAttempt(), upstream: upstream, transport: transport, query: query)
        context.table[upstream].statistics.requests += 1
        // A stream has a handshake before its answer.
        let patience = context.table[upstream].estimate.patience(context.limits) * (transport == .udp ? 1 : 3)
        open[attempt.id] = OpenAttempt(attempt: attempt, sentAt: context.now, dueAt: context.now + patience)
        context.actions.append(.send(attempt))
    }
}
