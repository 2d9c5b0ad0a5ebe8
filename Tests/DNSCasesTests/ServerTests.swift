import DNSTesting
import DNSWire
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension DNSCasesTests {
    /// `fairway dns` over real sockets, against every row.
    @Suite struct ServerTests {
        static var tables: [CaseTable] {
            get throws { try CaseFolder.tables().filter { !$0.settings.isOnlyInProcess } }
        }

        @Test(arguments: try tables) func `every row is answered over UDP and TCP, IPv4 and IPv6`(table: CaseTable) async throws {
            let server = try await FairwayDNS.start(table)
            defer { server.close() }
            for (transport, family) in [(DNSTransport.udp, 0), (.tcp, 1)] {
                let failures = try await DedicatedThread.run(named: "rows") {
                    try CaseRunner(
                        table, server.driver(family), over: transport,
                        spelledAs: { transport == .tcp ? $0.alternating : $0 }).failures()
                }
                #expect(failures.count == 0, "\(transport): \(failures.joined(separator: "\n"))")
            }
        }

        @Test func `every packet of the protocol's cases is treated as it must`() async throws {
            let server = try await FairwayDNS.start(try CaseFolder.mainTable())
            defer { server.close() }
            let failures = try await DedicatedThread.run(named: "packets") {
                try ProtocolCases.all.flatMap { row in
                    try row.transports.flatMap { try row.failures(server.driver(), over: $0) }
                }
            }
            #expect(failures.count == 0, "\(failures.joined(separator: "\n"))")
        }

        @Test func `names of the cluster are never asked of the upstream`() async throws {
            let table = try CaseFolder.mainTable()
            let server = try await FairwayDNS.start(table)
            defer { server.close() }
            _ = try await DedicatedThread.run(named: "rows") {
                try CaseRunner(table, server.driver(), over: .udp).failures()
            }
            let ours = server.upstream.questions.filter { question in
                guard let text = question.split(separator: " ").first, let name = DomainName(String(text)) else { return true }
                return table.isInside(name)
            }
            #expect(ours == [])
        }
    }
}
