internal import DNSForwarder
internal import DNSWire

/// Answers queries for other names: from the forwarder's cache on the spot, else when other servers have answered.
package struct UpstreamResponder: ForwardSink {
    private let forwarder: any QuestionForwarder
    private let own: OwnNames
    private let payloadLimit: UInt16
    private let statistics: ServerStatistics
    private let limiter: SharedNameErrorLimiter?
    private let log: QueryLogLane?

    /// - Parameters:
    ///   - zones: the zone in force, whose names are never asked of others, and which answers where an alias leads to it.
    ///   - options: those of the servers, whose limit of NXDOMAIN answers and query log hold here too.
    ///   - statistics: counts the replies.
    package init(
        forwarder: any QuestionForwarder, zones: ZonePublisher, options: ResponderOptions, statistics: ServerStatistics
    ) {
        self.forwarder = forwarder
        own = OwnNames(zones: zones)
        payloadLimit = options.payloadLimit
        self.statistics = statistics
        limiter = options.nameErrorLimit.map { SharedNameErrorLimiter($0) }
        log = options.queryLog?.sharedLane
    }

    package func forward(_ request: ForwardRequest, reply: any ReplyPath) {
        ask(Pending(request: request, begin: .now, reply: reply))
    }

    /// A query that is being answered.
    private struct Pending: Sendable {
        var request: ForwardRequest
        let begin: ContinuousClock.Instant
        let reply: any ReplyPath
    }

    private func ask(_ pending: Pending) {
        switch decide(pending.request) {
        case .answer(let answer): take(answer, pending)
        case .ask:
            forwarder.resolve(pending.request.forwarded, client: pending.request.client) { [self] answer in
                take(answer, pending)
            }
        }
    }

    private func take(_ answer: ForwardedAnswer, _ pending: Pending) {
        guard pending.request.walk != nil else { return send(answer, pending) }
        var pending = pending
        // As deep as a search path is long at most, where the cache knows all of it.
        switch pending.request.step(after: answer) {
        case .answer(let answer): send(answer, pending)
        case .ask: ask(pending)
        case .fallback:
            guard let walk = pending.request.walk else { return }
            send(walk.lastReply, walk.lastCode, pending)
        }
    }

    enum Decision: Equatable {
        case answer(ForwardedAnswer)
        case ask
    }

    /// A name of our own is not asked of others, whatever led here: SERVFAIL says "not from me now", where an
    /// NXDOMAIN would be believed. A query that came back to us is not sent out again.
    func decide(_ request: ForwardRequest) -> Decision {
        let question = request.forwarded.question
        if own.owns(question.name) {
            // An alias led there: the zone looks at names of its domain only.
            if !request.prefix.isEmpty, let answer = own.answer(question) { return .answer(answer) }
            return .answer(Self.failure("names of the cluster are not forwarded"))
        }
        if let options = request.edns?.options, !options.isEmpty, forwarder.isOwnQuery(options) {
            return .answer(Self.failure("an upstream leads back to this server"))
        }
        return forwarder.cached(request.forwarded).map { .answer($0) } ?? .ask
    }

    /// INFO-CODE 0: Other Error (RFC 8914 section 4.1).
    private static func failure(_ text: String) -> ForwardedAnswer {
        ForwardedAnswer(responseCode: .serverFailure, extendedErrorCode: 0, extendedErrorText: text)
    }

    private func send(_ answer: ForwardedAnswer, _ pending: Pending) {
        let answer = own.complete(answer, to: pending.request.forwarded.question)
        let bytes = ForwardedReply(pending.request, answer, payloadLimit: payloadLimit).bytes
        send(bytes, answer.responseCode, pending)
    }

    private func send(_ message: [UInt8], _ code: ResponseCode, _ pending: Pending) {
        let request = pending.request
        var (message, code) = (message, code)
        if code == .nameError, request.transport == .udp, let limiter {
            switch limiter.decide(request.client) {
            case .answer: break
            case .drop:
                statistics.countForwardedNameError(truncated: false)
                message = []
            case .truncate:
                statistics.countForwardedNameError(truncated: true)
                (message, code) = (truncated(request), .noError)
            }
        }
        let duration = ContinuousClock.now - pending.begin
        log?.add(request, code, byteCount: message.count, since: pending.begin, duration)
        guard !message.isEmpty else { return }
        // The third byte has TC.
        statistics.countForwarded(
            request, responseCode: code, byteCount: message.count, truncated: message[2] & 0x02 != 0, duration: duration)
        pending.reply.send(message)
    }

    /// Nothing but the question: a real client comes by TCP.
    private func truncated(_ request: ForwardRequest) -> [UInt8] {
        var request = request
        request.prefix = []
        var bytes = ForwardedReply(request, ForwardedAnswer(responseCode: .noError), payloadLimit: payloadLimit).bytes
        bytes[2] |= 0x02
        return bytes
    }
}
