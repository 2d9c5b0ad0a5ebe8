package import ClusterZone
internal import DNSForwarder
internal import DNSWire

/// Answers queries for other names: from the forwarder's cache on the spot, else when other servers have answered.
package struct UpstreamResponder: ForwardSink {
    private let forwarder: any QuestionForwarder
    private let boundary: ForwardingBoundary
    private let payloadLimit: UInt16
    private let statistics: ServerStatistics

    /// - Parameters:
    ///   - settings: whose names are never asked of other servers.
    ///   - statistics: counts the replies.
    package init(
        forwarder: any QuestionForwarder, settings: ZoneSettings, options: ResponderOptions, statistics: ServerStatistics
    ) {
        self.forwarder = forwarder
        boundary = ForwardingBoundary(settings)
        payloadLimit = options.payloadLimit
        self.statistics = statistics
    }

    package func forward(_ request: ForwardRequest, reply: any ReplyPath) {
        let begin = ContinuousClock.now
        switch decide(request) {
        case .answer(let answer): send(request, answer, since: begin, to: reply)
        case .ask:
            forwarder.resolve(request.forwarded) { [self] answer in send(request, answer, since: begin, to: reply) }
        }
    }

    enum Decision: Equatable {
        case answer(ForwardedAnswer)
        case ask
    }

    /// A name of our own is not asked of others, whatever led here: SERVFAIL says "not from me now", where an
    /// NXDOMAIN would be believed. A query that came back to us is not sent out again.
    func decide(_ request: ForwardRequest) -> Decision {
        if boundary.owns(request.forwarded.question.name) {
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

    private func send(
        _ request: ForwardRequest, _ answer: ForwardedAnswer, since begin: ContinuousClock.Instant, to reply: any ReplyPath
    ) {
        let bytes = ForwardedReply(request, answer, payloadLimit: payloadLimit).bytes
        // The third byte has TC.
        statistics.countForwarded(
            request, responseCode: answer.responseCode, byteCount: bytes.count, truncated: bytes[2] & 0x02 != 0,
            duration: ContinuousClock.now - begin)
        reply.send(bytes)
    }
}
