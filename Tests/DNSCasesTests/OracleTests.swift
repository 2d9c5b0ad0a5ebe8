import DNSTesting
import DNSWire
import Testing

extension DNSCasesTests {
    /// A responder that answers from the rows: what passes must pass, and each wrong answer must be seen.
    @Suite struct OracleTests {
        @Test(arguments: DNSTransport.allCases) func `a responder made of the rows passes`(transport: DNSTransport) throws {
            for table in try CaseFolder.tables() {
                let failures = try CaseRunner(
                    table, RowResponder(table), over: transport, spelledAs: \.alternating).failures()
                #expect(failures.count == 0, "\(table): \(failures.prefix(5).joined(separator: "\n"))")
            }
        }

        @Test(arguments: RowResponder.Mistake.allCases)
        func `a responder with a mistake does not pass`(mistake: RowResponder.Mistake) throws {
            let table = try CaseFolder.mainTable()
            let responder = RowResponder(table, mistake)
            let failures = try CaseRunner(table, responder, over: .tcp, spelledAs: \.alternating).firstFailures()
            #expect(failures.count > 0)
        }
    }
}
