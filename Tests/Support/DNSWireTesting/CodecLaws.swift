package import DNSWire

/// What holds for any bytes that are given to the codec; unit tests and the fuzzer ask the same.
package enum CodecLaws {
    /// A law that the bytes break, as text; nil when all hold.
    package static func violation(by bytes: [UInt8]) -> String? {
        var decoder = MessageDecoder(byteCount: bytes.count)
        let decoded: Result<Message, DecodingFault>
        do throws(DecodingFault) {
            decoded = .success(try decoder.message(bytes.span, .strict))
        } catch {
            decoded = .failure(error)
        }
        if decoder.steps > MessageDecoder.stepsPerByteLimit * bytes.count {
            return "\(decoder.steps) steps for \(bytes.count) bytes"
        }
        if let broken = violation(parsing: bytes) { return broken }
        switch decoded {
        case .success(let message): return violation(decoding: bytes, message) ?? violation(encoding: message)
        case .failure(let fault): return violation(decoding: bytes, fault)
        }
    }

    private static func violation(decoding bytes: [UInt8], _ message: Message) -> String? {
        let lenient = try? Message(decoding: bytes, mode: .lenient)
        return lenient == message ? nil : "lenient decoding finds another message"
    }

    private static func violation(decoding bytes: [UInt8], _ fault: DecodingFault) -> String? {
        guard (0...bytes.count).contains(fault.offset) else { return "\(fault) of \(bytes.count)" }
        let lenient = try? Message(decoding: bytes, mode: .lenient)
        return (lenient != nil) == (fault.code == .trailingBytes) ? nil : "lenient decoding differs over \(fault)"
    }

    /// The parser of queries and the decoder read the same question and the same OPT.
    private static func violation(parsing bytes: [UInt8]) -> String? {
        var query = ParsedQuery()
        let scratch = NameScratch()
        // SAFETY: bytes have no padding.
        let verdict = unsafe QueryParser.parse(bytes.span.bytes, into: &query, name: scratch)
        guard query.hasQuestion else { return verdict == .answer ? "an answer to no question" : nil }
        guard query.questionEnd <= bytes.count else { return "the question ends after the request" }
        guard let message = try? Message(decoding: bytes, mode: .lenient), let question = message.questions.first else {
            return nil
        }
        guard query.nameLength == question.name.wire.count, query.hash == NameHash.hash(of: question.name),
            query.labelCount == question.name.labels.count, query.type == question.type,
            query.recordClass == question.recordClass
        else { return "\(query) is not \(question)" }
        // SAFETY: the scratch holds the name that was parsed, and is read at once.
        let lowercase: [UInt8] = unsafe Array(scratch.bytes(query.nameLength))
        guard lowercase == question.name.lowercased.wire else { return "\(lowercase) is not \(question.name)" }
        guard verdict == .answer else { return nil }
        let isSame =
            query.hasEDNS == (message.edns != nil)
            && (message.edns.map { $0.payloadSize == query.payloadSize && $0.dnssecOK == query.dnssecOK } ?? true)
        return isSame ? nil : "\(query) is not \(String(describing: message.edns))"
    }

    /// What holds for any message that decoding can give.
    package static func violation(encoding message: Message) -> String? {
        for limit in [MessageWriter.byteLimit, 1232, 512, 0] {
            let bytes = message.encoded(limit: limit)
            guard bytes.count <= max(limit, 12) else { return "\(bytes.count) bytes where \(limit) is the limit" }
            guard let again = try? Message(decoding: bytes) else { return "what was encoded does not decode: \(bytes)" }
            if let broken = violation(of: message, cutTo: again) { return "limit \(limit): \(broken)" }
            guard again.encoded(limit: limit) == bytes else { return "limit \(limit): encoding again differs" }
        }
        return violation(printing: message)
    }

    private static func violation(of message: Message, cutTo cut: Message) -> String? {
        let isWhole =
            cut.questions.count == message.questions.count && cut.answers.count == message.answers.count
            && cut.authorities.count == message.authorities.count
            && cut.additionals.count == message.additionals.count && cut.edns == message.edns
        if isWhole { return cut == message ? nil : "decoded, encoded, decoded differs" }
        let isPrefix =
            message.questions.starts(with: cut.questions) && message.answers.starts(with: cut.answers)
            && message.authorities.starts(with: cut.authorities)
            && message.additionals.starts(with: cut.additionals)
        guard isPrefix else { return "records changed where some were left out" }
        let isShort = cut.questions.count < message.questions.count || cut.answers.count < message.answers.count
        guard cut.flags.contains(.truncated) == (isShort || message.flags.contains(.truncated)) else {
            return "TC is \(cut.flags.contains(.truncated))"
        }
        return nil
    }

    /// The first records only: text is long.
    private static func violation(printing message: Message) -> String? {
        for record in (message.answers + message.additionals).prefix(4) {
            let text = record.description
            guard let parsed = ResourceRecord(text) else { return "no record: \(text)" }
            if parsed.wire != record.wire { return "\(text) becomes \(parsed)" }
        }
        return nil
    }
}
