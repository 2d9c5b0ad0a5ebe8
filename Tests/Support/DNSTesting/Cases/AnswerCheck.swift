package import DNSWire

/// Compares an answer with what it must be, and says every difference in words.
package struct AnswerCheck {
    package let settings: CaseSettings
    package let question: Question
    package let message: Message
    /// Additional holds all it may: there was room.
    package let isRoomy: Bool
    private var faults: [String] = []

    private init(_ settings: CaseSettings, _ question: Question, _ message: Message, isRoomy: Bool) {
        (self.settings, self.question, self.message, self.isRoomy) = (settings, question, message, isRoomy)
    }

    /// Empty: it is as it must be.
    package static func differences(
        _ message: Message, from expected: ExpectedAnswer, question: Question, settings: CaseSettings, isRoomy: Bool
    ) -> [String] {
        var check = AnswerCheck(settings, question, message, isRoomy: isRoomy)
        check.compareHeader(expected)
        check.compareAnswer(expected)
        check.compareAuthority(expected)
        check.compareAdditional(expected)
        return check.faults
    }

    private mutating func require(_ condition: Bool, _ fault: String) {
        if !condition { faults.append(fault) }
    }

    private mutating func compareHeader(_ expected: ExpectedAnswer) {
        require(expected.codes.contains(message.responseCode), "rcode \(message.responseCode), not \(expected.codes)")
        require(message.flags.contains(.response), "QR is clear")
        require(!message.flags.contains(.truncated), "TC is set")
        require(!message.flags.contains(.authenticData), "AD is set")
        if let isAuthoritative = expected.isAuthoritative {
            require(message.flags.contains(.authoritative) == isAuthoritative, "AA is not \(isAuthoritative)")
        }
        let echo = message.questions.first
        require(
            message.questions.count == 1 && echo?.name.wire == question.name.wire && echo?.type == question.type
                && echo?.recordClass == question.recordClass, "the question is not echoed: \(message.questions)")
    }

    private mutating func compareAnswer(_ expected: ExpectedAnswer) {
        if let first = message.answers.first {
            require(first.name.wire == question.name.wire, "the owner \(first.name) is not spelled as in the question")
        }
        if expected.isLoop {
            let count = message.answers.count
            require(Set(message.answers).count == count, "records twice: \(message.answers)")
            require(
                message.answers == Array(expected.chain.prefix(count)) && (count > 0 || message.responseCode != .noError),
                "answers \(message.answers), not a part of \(expected.chain)")
            return
        }
        let chain = Array(message.answers.prefix(expected.chain.count))
        require(expected.isSame(chain, expected.chain), "begins with \(chain), not \(expected.chain)")
        let rest = message.answers.dropFirst(expected.chain.count)
        if expected.answersStartOfAuthority {
            require(rest.count == 1, "\(rest.count) records, not SOA alone")
            for record in rest { compareStartOfAuthority(record, zone: question.name) }
            return
        }
        require(Set(rest).count == rest.count, "records twice: \(Array(rest))")
        compareRecords(expected.needsUpstream ? rest.map { expected.aged($0) } : Array(rest), expected)
    }

    private mutating func compareRecords(_ rest: [ResourceRecord], _ expected: ExpectedAnswer) {
        let missing = Set(expected.records).subtracting(rest)
        let extra = Set(rest).subtracting(expected.records)
        require(missing.isEmpty, "lacks \(missing.map(\.summary).sorted())")
        require(extra.isEmpty, "has also \(extra.map(\.summary).sorted())")
    }

    private mutating func compareAuthority(_ expected: ExpectedAnswer) {
        switch expected.authority {
        case .any: return
        case .none:
            let others = message.authorities.filter { $0.type != .ns }
            require(others.isEmpty, "Authority has \(others.map(\.summary))")
        case .startOfAuthority(let zone):
            require(message.authorities.count == 1, "Authority has \(message.authorities.count) records, not SOA alone")
            for record in message.authorities { compareStartOfAuthority(record, zone: zone) }
        }
    }

    /// `ns.dns` and `hostmaster` of the zone or of the cluster's domain, the times of CoreDNS, and the negative TTL.
    private mutating func compareStartOfAuthority(_ record: ResourceRecord, zone: DomainName?) {
        guard case .soa(let authority) = record.data else {
            faults.append("\(record.summary) is not SOA")
            return
        }
        if let zone { require(record.name == zone, "SOA of \(record.name), not of \(zone)") }
        // A chain may end in another zone; else the zone is spelled as in the question.
        if message.answers.allSatisfy({ $0.type != .cname }) {
            require(question.name.wire.hasSuffix(record.name.wire), "SOA's owner \(record.name) is not spelled as in the question")
        }
        let zones = [record.name, settings.domain]
        require(zones.contains { authority.primaryServer == $0.below("ns", "dns") }, "MNAME \(authority.primaryServer)")
        require(zones.contains { authority.mailbox == $0.below("hostmaster") }, "RNAME \(authority.mailbox)")
        let times = [authority.refresh, authority.retry, authority.expire, authority.minimum]
        require(times == [7200, 1800, 86400, settings.negativeTimeToLive], "SOA's times \(times)")
        require(authority.serial > 1_600_000_000, "serial \(authority.serial) is no time of now")
        let least = min(settings.timeToLive, settings.negativeTimeToLive)
        require([settings.timeToLive, least].contains(record.timeToLive), "SOA's TTL is \(record.timeToLive)")
    }

    private mutating func compareAdditional(_ expected: ExpectedAnswer) {
        if expected.authority == .any { return }
        let additional = Set(message.additionals)
        require(additional.count == message.additionals.count, "Additional has records twice")
        let extra = additional.subtracting(expected.additional)
        // NS of the server itself comes with addresses that rows cannot know.
        if question.type != .ns {
            require(extra.isEmpty, "Additional has also \(extra.map(\.summary).sorted())")
        }
        if isRoomy {
            let missing = Set(expected.additional).subtracting(additional)
            require(missing.isEmpty, "Additional lacks \(missing.map(\.summary).sorted())")
        }
    }
}

extension ExpectedAnswer {
    /// In this order.
    fileprivate func isSame(_ records: [ResourceRecord], _ others: [ResourceRecord]) -> Bool { records == others }

    /// What a cache gives out has less time left than what it was given (RFC 1035 section 4.1.3): such a record is taken for
    /// the one of the row.
    fileprivate func aged(_ record: ResourceRecord) -> ResourceRecord {
        records.first {
            $0.name == record.name && $0.data == record.data && record.timeToLive <= $0.timeToLive
        } ?? record
    }
}

extension ResourceRecord {
    /// Short enough for a failure's line.
    package var summary: String { "\(name) \(timeToLive) \(data.summary)" }
}

extension RecordData {
    fileprivate var summary: String {
        switch self {
        case .address(let address): "\(type) \(address)"
        case .cname(let name), .ns(let name), .ptr(let name): "\(type) \(name)"
        case .srv(let location): "SRV \(location.priority) \(location.weight) \(location.port) \(location.target)"
        case .txt(let texts): "TXT \(texts.map { String(decoding: $0, as: UTF8.self) })"
        case .soa(let authority): "SOA \(authority)"
        case .hinfo, .opaque: "\(type)"
        }
    }
}

extension DomainName {
    fileprivate func below(_ labels: String...) -> DomainName? {
        DomainName(labels: labels.map { Array($0.utf8) } + self.labels.map { Array($0) })
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ other: [UInt8]) -> Bool { suffix(other.count).elementsEqual(other) }
}
