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
                        table, server.connectedDriver(family), over: transport,
                        spelledAs: { transport == .tcp ? $0.alternating : $0 }).failures()
                }
                #expect(failures.count == 0, "\(transport): \(failures.joined(separator: "\n"))")
            }
            // Names of the cluster are never asked of the upstream, and others are.
            let (ours, others) = server.upstream.questions.reduce(into: ([String](), 0)) { result, question in
                let name = question.split(separator: " ").first.flatMap { DomainName(String($0)) }
                if name.map(table.isInside) ?? true { result.0.append(question) } else { result.1 += 1 }
            }
            #expect(ours == [])
            #expect(others > 0 || !table.rows.contains { $0.readings == [.forwarded] })
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
    }
}
