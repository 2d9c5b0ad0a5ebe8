package import DNSWire

/// Asks every row of a table for every type, and compares.
package struct CaseRunner {
    /// Bytes of a UDP answer at most.
    package static let payloadSize: UInt16 = 1232

    private let oracle: ZoneOracle
    private let driver: any DNSDriver
    private let transport: DNSTransport
    /// How names are spelled in questions.
    private let spell: (DomainName) -> DomainName

    package init(
        _ table: CaseTable, _ driver: any DNSDriver, over transport: DNSTransport,
        spelledAs spell: @escaping (DomainName) -> DomainName = { $0 }
    ) {
        oracle = ZoneOracle(table)
        self.driver = driver
        self.transport = transport
        self.spell = spell
    }

    /// `FILE:LINE NAME (RULE) TYPE: difference; ...`, a line for each answer that is not as it must be.
    package func failures() throws -> [String] { try oracle.table.rows.flatMap { try failures($0) } }

    /// The failures of the first row that has some.
    package func firstFailures() throws -> [String] {
        for row in oracle.table.rows {
            let failures = try failures(row)
            if !failures.isEmpty { return failures }
        }
        return []
    }

    /// A row with several readings holds when one of them explains the answers to all types.
    private func failures(_ row: CaseRow) throws -> [String] {
        var best: [String]?
        let answers = try oracle.types(row).map { ($0, try ask(row, $0)) }
        for reading in row.readings {
            let failures = answers.flatMap { type, answer -> [String] in
                answer.map { compare(row, reading, type, $0) } ?? ["\(row) \(type): no answer"]
            }
            if failures.count < best?.count ?? .max { best = failures }
        }
        return best ?? []
    }

    private func ask(_ row: CaseRow, _ type: RecordType) throws -> Message? {
        let query = DNSQuery(spell(row.name), type, edns: EDNS(payloadSize: Self.payloadSize))
        guard let (message, count) = try driver.message(query, over: transport) else { return nil }
        guard transport == .udp, message.flags.contains(.truncated) else { return message }
        // TC is right only where the answer alone is too long; then TCP's answer is the one to compare.
        guard var whole = try driver.message(query, over: .tcp)?.message else { return nil }
        let additionals = whole.additionals
        whole.additionals = []
        guard whole.encoded().count > Self.payloadSize, count <= Self.payloadSize else { return message }
        whole.additionals = additionals
        return whole
    }

    private func compare(
        _ row: CaseRow, _ reading: CaseRow.Standing, _ type: RecordType, _ message: Message
    ) -> [String] {
        let question = Question(name: spell(row.name), type: type)
        let expected = oracle.answers(row, reading, type)
        if !driver.forwards, expected.contains(where: \.needsUpstream) { return [] }
        let differences = expected.map {
            AnswerCheck.differences(
                message, from: $0, question: question, settings: oracle.table.settings, isRoomy: transport == .tcp)
        }
        guard let least = differences.min(by: { $0.count < $1.count }), !least.isEmpty else { return [] }
        return ["\(row) \(type): \(least.joined(separator: "; "))"]
    }
}

extension DomainName {
    /// Every other letter of each label in upper case: a spelling that a server must echo.
    package var alternating: DomainName {
        let labels = labels.map { label in
            label.enumerated().map { index, byte in
                index % 2 == 1 && (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte - 0x20 : byte
            }
        }
        return DomainName(labels: labels) ?? self
    }
}
