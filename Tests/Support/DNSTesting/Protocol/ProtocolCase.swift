package import DNSWire

/// Bytes sent, and what must come back.
package struct ProtocolCase: Sendable, CustomStringConvertible {
    package enum Outcome: Sendable {
        case ignored
        case response(Response)
    }

    /// What is looked at in a response; nil: either is right.
    package struct Response: Sendable {
        package var code: ResponseCode
        package var isAuthoritative: Bool?
        /// The question is there as it was asked, or it is not there.
        package var echoesQuestion: Bool?
        package var hasEDNS: Bool?
        package var dnssecOK: Bool?
        /// Records in Answer.
        package var answerCount: Int?

        package init(
            _ code: ResponseCode, isAuthoritative: Bool? = nil, echoesQuestion: Bool? = nil, hasEDNS: Bool? = nil,
            dnssecOK: Bool? = nil, answerCount: Int? = nil
        ) {
            self.code = code
            self.isAuthoritative = isAuthoritative
            self.echoesQuestion = echoesQuestion
            self.hasEDNS = hasEDNS
            self.dnssecOK = dnssecOK
            self.answerCount = answerCount
        }
    }

    /// The behaviour, in words.
    package var name: String
    package var bytes: [UInt8]
    /// Any of these.
    package var outcomes: [Outcome]
    package var transports: [DNSTransport] = DNSTransport.allCases

    package init(_ name: String, _ bytes: [UInt8], _ outcomes: Outcome...) {
        self.name = name
        self.bytes = bytes
        self.outcomes = outcomes
    }

    package var description: String { name }
}

extension ProtocolCase.Outcome {
    /// FORMERR that says nothing more than it must.
    package static let formatError = Self.response(.init(.formatError, isAuthoritative: false, answerCount: 0))
    package static let notImplemented = Self.response(.init(.notImplemented, isAuthoritative: false, answerCount: 0))
    package static let refused = Self.response(.init(.refused, isAuthoritative: false, answerCount: 0))

    /// `web.shop.svc` and its address.
    package static let found = Self.response(
        .init(.noError, isAuthoritative: true, echoesQuestion: true, answerCount: 1))
    package static let missing = Self.response(
        .init(.nameError, isAuthoritative: true, echoesQuestion: true, answerCount: 0))
    package static let empty = Self.response(
        .init(.noError, isAuthoritative: true, echoesQuestion: true, answerCount: 0))
}

extension ProtocolCase {
    /// Empty: the server does as it must.
    package func failures(_ driver: any DNSDriver, over transport: DNSTransport) throws -> [String] {
        if outcomes.contains(where: { if case .ignored = $0 { true } else { false } }) {
            if try driver.ignores(bytes, over: transport) { return [] }
        }
        let responses = outcomes.compactMap { if case .response(let response) = $0 { response } else { nil } }
        guard !responses.isEmpty else { return ["\(name), \(transport): answered"] }
        guard let answer = try driver.ask(bytes, over: transport) else { return ["\(name), \(transport): no answer"] }
        let message = try Message(decoding: answer)
        let found = responses.map { differences(message, from: $0) }
        guard let least = found.min(by: { $0.count < $1.count }), !least.isEmpty else { return [] }
        return ["\(name), \(transport): \(least.joined(separator: "; "))"]
    }

    private func differences(_ message: Message, from expected: Response) -> [String] {
        var faults: [String] = []
        func require<T: Equatable>(_ what: String, _ value: T, _ wanted: T?) {
            if let wanted, value != wanted { faults.append("\(what) \(value), not \(wanted)") }
        }
        require("id", message.id, UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
        require("QR", message.flags.contains(.response), true)
        require("opcode", message.flags.opcode, (bytes[2] >> 3) & 15)
        require("RD", message.flags.contains(.recursionDesired), bytes[2] & 1 == 1)
        require("TC", message.flags.contains(.truncated), false)
        require("AD", message.flags.contains(.authenticData), false)
        require("Z", message.flags.rawValue & 0x40, 0)
        require("rcode", message.responseCode, expected.code)
        require("AA", message.flags.contains(.authoritative), expected.isAuthoritative)
        require("questions", message.questions.count, expected.echoesQuestion.map { $0 ? 1 : 0 })
        require("EDNS", message.edns != nil, expected.hasEDNS)
        require("DO", message.edns?.dnssecOK ?? false, expected.dnssecOK)
        require("answers", message.answers.count, expected.answerCount)
        if let edns = message.edns {
            require("payload size", edns.payloadSize, CaseRunner.payloadSize)
            require("EDNS version", edns.version, 0)
            // Options of the query are not sent back; a server's cookie, keepalive and errors are its own.
            let foreign = edns.options.map(\.code).filter { ![10, 11, 15].contains($0) }
            require("options", foreign, [])
        }
        return faults
    }
}
