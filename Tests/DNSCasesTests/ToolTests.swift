import DNSTesting
import DNSWire
import LinuxSystem
import NetworkNamespaceTesting
import Testing

extension DNSCasesTests {
    /// The same rows, seen by resolvers' tools: a row of each rule.
    @Suite struct ToolTests {
        @Test(
            .enabled(if: Requirement.tool("dig") && Requirement.tool("kdig"), "needs dig and kdig"),
            arguments: DigTool.Program.allCases)
        func `one row of each rule is understood`(program: DigTool.Program) async throws {
            let table = try CaseFolder.mainTable()
            let server = try await FairwayDNS.start(table)
            defer { server.close() }
            var seen: Set<String> = []
            let rows = table.rows.filter { $0.readings.count == 1 && seen.insert($0.rule).inserted }
            let failures = try await DedicatedThread.run(named: "tool") {
                try rows.flatMap { try Self.failures($0, table, DigTool(program, server.addresses[0])) }
            }
            #expect(failures.count == 0, "\(failures.joined(separator: "\n"))")
        }

        /// What it owns, and two that it does not; a program of its own for each question.
        private static func types(_ row: CaseRow) -> [RecordType] {
            guard case .owner(let contents) = row.readings[0] else { return [.a, .https] }
            let owned = Set(contents.records.map(\.data.type)).sorted { $0.rawValue < $1.rawValue }
            return owned + [.mx, .https]
        }

        /// Over UDP and TCP in turn; those that are too long for UDP over TCP alone.
        private static func failures(_ row: CaseRow, _ table: CaseTable, _ tool: DigTool) throws -> [String] {
            let oracle = ZoneOracle(table)
            return try types(row).enumerated().flatMap { index, type -> [String] in
                let question = Question(name: row.name, type: type)
                let expected = oracle.answers(row, row.readings[0], type)
                let isLong = expected.contains { $0.records.count > 20 }
                let transport: DNSTransport = isLong || index % 2 == 1 ? .tcp : .udp
                let message = try tool.ask(question, over: transport)
                let differences = expected.map {
                    AnswerCheck.differences(
                        message, from: $0, question: question, settings: table.settings, isRoomy: transport == .tcp)
                }
                guard let least = differences.min(by: { $0.count < $1.count }), !least.isEmpty else { return [] }
                return ["\(tool.program) \(row) \(type): \(least.joined(separator: "; "))"]
            }
        }
    }
}
