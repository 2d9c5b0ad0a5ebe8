internal import DNSForwarder
internal import DNSWire

/// The reply to a client, made of what other servers answered.
struct ForwardedReply: Sendable {
    let message: Message
    /// Bytes at most.
    let sizeLimit: Int

    /// - Parameter payloadLimit: bytes of a UDP message that the reply's OPT says this server takes.
    init(_ request: ForwardRequest, _ answer: ForwardedAnswer, payloadLimit: UInt16) {
        sizeLimit = request.sizeLimit
        message = Message(
            id: request.id, flags: Self.flags(request, answer), responseCode: answer.responseCode,
            questions: [request.question],
            answers: request.prefix + Self.restoringCase(answer.answers, request),
            authorities: Self.restoringCase(answer.authorities, request),
            additionals: Self.restoringCase(answer.additionals, request),
            edns: Self.edns(request, answer, payloadLimit))
    }

    /// In wire form. What does not fit goes from the end: Additional, Authority, then answers, and only these set TC.
    var bytes: [UInt8] { message.encoded(limit: sizeLimit) }

    /// RD and CD as the client sent them. A reply that begins with records of our own zone is an authority's (RFC 1034
    /// section 4.3.2: AA speaks for the name asked for), and as a whole it cannot be authentic data. AD is only for
    /// those who asked (RFC 6840 section 5.8).
    private static func flags(_ request: ForwardRequest, _ answer: ForwardedAnswer) -> MessageFlags {
        var flags = request.flags.intersection([.recursionDesired, .checkingDisabled])
        flags.formUnion([.response, .recursionAvailable])
        if !request.prefix.isEmpty { flags.insert(.authoritative) }
        let wantsAD = request.flags.contains(.authenticData) || request.edns?.dnssecOK == true
        if wantsAD, answer.authenticData, request.prefix.isEmpty { flags.insert(.authenticData) }
        return flags
    }

    /// Owners that equal the name asked for are written as the client, or the CNAME before, writes it.
    private static func restoringCase(_ records: [ResourceRecord], _ request: ForwardRequest) -> [ResourceRecord] {
        let asked = request.forwarded.question.name
        return records.map { record in
            guard record.name == asked else { return record }
            var record = record
            record.name = asked
            return record
        }
    }

    private static func edns(_ request: ForwardRequest, _ answer: ForwardedAnswer, _ payloadLimit: UInt16) -> EDNS? {
        guard let client = request.edns else { return nil }
        var edns = EDNS(payloadSize: payloadLimit, dnssecOK: client.dnssecOK)
        if let error = answer.extendedError {
            let code = [UInt8(truncatingIfNeeded: error.code >> 8), UInt8(truncatingIfNeeded: error.code)]
            edns.options = [EDNSOption(code: EDNSOption.extendedError, data: code + Array(error.text.utf8))]
        }
        return edns
    }
}
