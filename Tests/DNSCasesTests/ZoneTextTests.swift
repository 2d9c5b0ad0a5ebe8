import DNSTesting
import DNSWire
import LinuxSystem
import Testing

extension DNSCasesTests {
    /// `fairway get zone` and the answers are the same data.
    @Suite struct ZoneTextTests {
        @Test(arguments: try ServerTests.tables)
        func `every name is answered with what is printed, and every name above it exists`(table: CaseTable) async throws {
            let server = try await FairwayDNS.start(table)
            defer { server.close() }
            let zone = try ZoneText(try await server.zoneText())
            #expect(zone.records.count > 0)
            let printed = try await DedicatedThread.run(named: "printed") { try zone.differences(server.connectedDriver()) }
            #expect(printed.count == 0, "\(printed.joined(separator: "\n"))")
            let above = try await DedicatedThread.run(named: "above") {
                try zone.missingAncestors(server.connectedDriver(), types: ZoneOracle.types)
            }
            #expect(above.count == 0, "\(above.joined(separator: "\n"))")
        }

        @Test func `every record of the rows is printed`() async throws {
            let table = try CaseFolder.mainTable()
            let server = try await FairwayDNS.start(table)
            defer { server.close() }
            let printed = Set(try ZoneText(try await server.zoneText()).records)
            // Names of pods are made up from the question, and so are not printed.
            let rows = table.rows.filter { $0.readings.count == 1 && !$0.name.isWithin(DomainName("pod.cluster.local.") ?? .root) }
            let missing = rows.flatMap { row in
                table.records(table.contents(row.name)?.records ?? [], owner: row.name)
            }.filter { !printed.contains($0) }
            #expect(missing.count == 0, "\(missing.map(\.summary).joined(separator: "\n"))")
        }
    }
}

/// Zone text, a record a line with every name in full.
struct ZoneText {
    let records: [ResourceRecord]

    init(records: [ResourceRecord]) { self.records = records }

    init(_ text: String) throws {
        var origin = DomainName.root
        var records: [ResourceRecord] = []
        for line in text.split(separator: "\n") where !line.hasPrefix(";") {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.first == "$ORIGIN", words.count == 2, let name = DomainName(String(words[1])) {
                origin = name
            } else {
                let comment = line.firstIndex(of: ";") ?? line.endIndex
                let record = try #require(ZoneLine.record(line[..<comment], origin: origin), "not understood: \(line)")
                records.append(record)
            }
        }
        self.records = records
    }

    func differences(_ driver: some DNSDriver) throws -> [String] {
        let sets = Dictionary(grouping: records) { Question(name: $0.name, type: $0.type) }
        return try sets.flatMap { question, records -> [String] in
            guard let (answer, _) = try driver.message(DNSQuery(question.name, question.type), over: .tcp) else {
                return ["\(question): no answer"]
            }
            let own = answer.answers.filter { $0.name == question.name && $0.type == question.type }
            if Set(own) == Set(records), own.count == records.count, answer.responseCode == .noError { return [] }
            return ["\(question.name) \(question.type): printed \(records.map(\.summary)), answered \(own.map(\.summary))"]
        }
    }

    /// Names above those printed, up to the top of their zone, that are not answered with NOERROR for some type.
    func missingAncestors(_ driver: some DNSDriver, types: [RecordType]) throws -> [String] {
        let tops = Set(records.filter { $0.type == .soa }.map(\.name))
        var names: Set<DomainName> = []
        for record in records {
            var name = record.name
            while !tops.contains(name), tops.contains(where: { name.isWithin($0) }), let parent = name.parent {
                names.insert(parent)
                name = parent
            }
        }
        return try names.flatMap { name in
            try types.compactMap { type -> String? in
                let code = try driver.message(DNSQuery(name, type), over: .tcp)?.message.responseCode
                return code == .noError ? nil : "\(name) \(type): \(code.map { "\($0)" } ?? "no answer")"
            }
        }
    }
}
