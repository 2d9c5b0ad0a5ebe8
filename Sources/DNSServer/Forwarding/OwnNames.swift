internal import ClusterZone
internal import DNSForwarder
internal import DNSWire
internal import NetworkTypes

/// What the zone in force says of a name that an alias of other servers, or one into a reverse zone, leads to.
///
/// Rare beside the questions that the zone answers at once, and so by way of a whole message.
struct OwnNames: Sendable {
    let zones: ZonePublisher

    /// By the zone in force: its ranges grow with the cluster's nodes.
    func owns(_ name: DomainName) -> Bool { zones.zone.owns(name) }

    /// Nil where the zone has no answer of its own: it leads out again, or is not ready.
    func answer(_ question: Question) -> ForwardedAnswer? {
        let query = Message(id: 0, questions: [question]).encoded()
        var response = [UInt8](repeating: 0, count: MessageWriter.byteLimit)
        var options = ResponderOptions()
        options.offersRecursion = true
        var responder = Responder(options: options, statistics: ServerStatistics())
        var written = response.mutableSpan
        // SAFETY: bytes have no padding, in either direction.
        var output = unsafe written.mutableBytes
        let reply = unsafe responder.respond(
            to: query.span.bytes, transport: .tcp, client: IPAddress(v4: 0), zone: zones.zone, into: &output)
        guard case .send(let count) = reply, let message = try? Message(decoding: Array(response[..<count])),
            message.responseCode == .noError || message.responseCode == .nameError
        else { return nil }
        return ForwardedAnswer(
            responseCode: message.responseCode, answers: message.answers, authorities: message.authorities)
    }

    /// The answer with what is ours at the end of its aliases (RFC 1034 section 3.6.2).
    func complete(_ answer: ForwardedAnswer, to question: Question) -> ForwardedAnswer {
        guard answer.responseCode == .noError, question.type != .cname else { return answer }
        var name = question.name
        // An alias at a time; there are never more of them than records.
        for _ in answer.answers {
            guard let next = answer.answers.first(where: { $0.name == name && $0.type == .cname }),
                case .cname(let target) = next.data
            else { break }
            name = target
        }
        guard name != question.name, owns(name), !answer.answers.contains(where: { $0.name == name }),
            let own = self.answer(Question(name: name, type: question.type))
        else { return answer }
        var whole = answer
        whole.responseCode = own.responseCode
        whole.authenticData = false
        whole.answers += own.answers
        whole.authorities = own.authorities
        return whole
    }
}
