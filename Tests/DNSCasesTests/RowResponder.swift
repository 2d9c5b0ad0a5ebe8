import DNSTesting
import DNSWire

/// Answers as the rows say, and wrong in one way where that is asked for: the measure of the checks.
struct RowResponder: DNSDriver {
    enum Mistake: String, Sendable, CaseIterable {
        case nameErrorForOtherTypes, noStartOfAuthority, lowerCaseOwner, twiceTheRecord, oneRecordLess, wrongTTL
        case noAuthoritativeBit, aliasForItsOwnTypeOnly, noAdditional, truncatedWithoutNeed, wrongMinimum, aliasLast
    }

    let oracle: ZoneOracle
    let mistake: Mistake?
    let forwards = true

    init(_ table: CaseTable, _ mistake: Mistake? = nil) {
        oracle = ZoneOracle(table)
        self.mistake = mistake
    }

    func ask(_ bytes: [UInt8], over transport: DNSTransport) throws -> [UInt8]? {
        let query = try Message(decoding: bytes)
        guard let question = query.questions.first, let row = oracle.table.row(question.name),
            let reading = row.readings.first, let expected = oracle.answers(row, reading, question.type).first
        else { return nil }
        var answer = message(query, question, expected)
        if let mistake { spoil(&answer, question, expected, mistake) }
        return answer.encoded(limit: transport == .udp ? Int(CaseRunner.payloadSize) : 65535)
    }

    private func message(_ query: Message, _ question: Question, _ expected: ExpectedAnswer) -> Message {
        var answer = Message(
            id: query.id, flags: [.response, .recursionAvailable], questions: query.questions, edns: EDNS())
        if expected.isAuthoritative ?? true { answer.flags.insert(.authoritative) }
        answer.responseCode = expected.codes.contains(.noError) ? .noError : expected.codes.first ?? .noError
        answer.answers = expected.chain + expected.records
        if expected.answersStartOfAuthority { answer.answers.append(startOfAuthority(question.name)) }
        for index in answer.answers.indices where answer.answers[index].name == question.name {
            answer.answers[index].name = question.name
        }
        if case .startOfAuthority(let zone) = expected.authority {
            answer.authorities = [startOfAuthority(spelled(zone ?? question.name, as: question.name))]
        }
        answer.additionals = expected.additional
        return answer
    }

    private func spelled(_ zone: DomainName, as name: DomainName) -> DomainName {
        name.isWithin(zone) ? DomainName(wire: Array(name.wire.suffix(zone.wire.count))) ?? zone : zone
    }

    private func startOfAuthority(_ zone: DomainName) -> ResourceRecord {
        let settings = oracle.table.settings
        let authority = StartOfAuthority(
            primaryServer: DomainName("ns.dns.\(settings.domain)") ?? .root,
            mailbox: DomainName("hostmaster.\(settings.domain)") ?? .root, serial: 1_700_000_000, refresh: 7200,
            retry: 1800, expire: 86400, minimum: settings.negativeTimeToLive)
        return ResourceRecord(name: zone, timeToLive: settings.timeToLive, data: .soa(authority))
    }

    private func spoil(_ answer: inout Message, _ question: Question, _ expected: ExpectedAnswer, _ mistake: Mistake) {
        switch mistake {
        case .nameErrorForOtherTypes: if answer.answers.isEmpty { answer.responseCode = .nameError }
        case .noStartOfAuthority: answer.authorities = []
        case .lowerCaseOwner: for index in answer.answers.indices { answer.answers[index].name = answer.answers[index].name.lowercased }
        case .twiceTheRecord: answer.answers += answer.answers.prefix(1)
        case .oneRecordLess: if answer.answers.count > 1 { answer.answers.removeLast() }
        case .wrongTTL: for index in answer.answers.indices { answer.answers[index].timeToLive += 1 }
        case .noAuthoritativeBit: answer.flags.remove(.authoritative)
        case .aliasForItsOwnTypeOnly: if question.type == .txt { answer.answers = [] }
        case .noAdditional: answer.additionals = []
        case .truncatedWithoutNeed: answer.flags.insert(.truncated)
        case .wrongMinimum:
            answer.authorities = answer.authorities.map { record in
                guard case .soa(var authority) = record.data else { return record }
                authority.minimum += 1
                return ResourceRecord(name: record.name, timeToLive: record.timeToLive, data: .soa(authority))
            }
        case .aliasLast: answer.answers.reverse()
        }
    }
}
