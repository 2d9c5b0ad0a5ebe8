import ClusterZone
import DNSTesting
import DNSWire
import Testing

extension DNSCasesTests {
    /// The same rows without sockets: also what manifests cannot bring about.
    @Suite struct ResponderTests {
        @Test(arguments: try CaseFolder.tables(), DNSTransport.allCases)
        func `every row is answered by the zone alone`(table: CaseTable, transport: DNSTransport) throws {
            let failures = try CaseRunner(
                table, try ResponderDriver(table), over: transport, spelledAs: \.alternating).failures()
            #expect(failures.count == 0, "\(failures.joined(separator: "\n"))")
        }

        @Test func `every packet of the protocol's cases is treated as it must`() throws {
            let driver = try ResponderDriver(try CaseFolder.mainTable())
            let failures = try ProtocolCases.all.flatMap { row in
                try row.transports.flatMap { try row.failures(driver, over: $0) }
            }
            #expect(failures.count == 0, "\(failures.joined(separator: "\n"))")
        }

        @Test(arguments: try CaseFolder.tables())
        func `every record of the zone is answered, and every name above one exists`(table: CaseTable) throws {
            let driver = try ResponderDriver(table)
            var records: [ResourceRecord] = []
            driver.zone.forEachRecord { records.append($0) }
            let zone = ZoneText(records: records)
            #expect(Set(records).count == records.count)
            let differences = try zone.differences(driver)
            #expect(differences.count == 0, "\(differences.joined(separator: "\n"))")
            let above = try zone.missingAncestors(driver, types: ZoneOracle.types)
            #expect(above.count == 0, "\(above.joined(separator: "\n"))")
        }
    }
}
