import DNSTesting
import DNSWire
import LinuxSystem
import NetworkNamespaceTesting
import Testing

extension DNSCasesTests {
    /// Through a resolver that minimises names and takes NXDOMAIN for all that is below (RFC 8020).
    @Suite struct ResolverTests {
        /// What is asked first would poison what is below it, were it answered NXDOMAIN.
        private static let poison = [
            "cluster.local. TXT", "svc.cluster.local. TXT", "shop.svc.cluster.local. TXT", "pod.cluster.local. TXT",
            "shop.pod.cluster.local. TXT", "dns.cluster.local. A", "dns-version.cluster.local. A",
            "_tcp.web.shop.svc.cluster.local. SRV", "_tcp.db.shop.svc.cluster.local. A",
            "web.shop.svc.cluster.local. AAAA", "db.shop.svc.cluster.local. HTTPS", "96.10.in-addr.arpa. PTR",
            "0.96.10.in-addr.arpa. PTR", "20.0.96.10.in-addr.arpa. A",
        ]

        @Test(
            .enabled(if: Requirement.tool("unbound"), "needs unbound"), arguments: Unbound.Way.allCases)
        func `names below empty non-terminals resolve`(way: Unbound.Way) async throws {
            let table = try CaseFolder.mainTable()
            let server = try await FairwayDNS.start(table)
            defer { server.close() }
            // Stubs begin where the server's authority does: the Service ranges, and the pods' of the nodes.
            let zones = [
                "cluster.local.", "96.10.in-addr.arpa.", "1.244.10.in-addr.arpa.", "2.244.10.in-addr.arpa.",
                "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.", "1.0.0.0.4.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa.",
            ].compactMap { DomainName($0) }
            let resolver = try await Unbound.start(way, zones: zones, server: server.addresses[0])
            defer { resolver.close() }
            let failures = try await DedicatedThread.run(named: "resolver") {
                let driver = ConnectedDriver(resolver.address)
                for question in Self.poison { _ = try Self.ask(question, driver) }
                let rows = table.rows.filter { row in zones.contains { row.name.isWithin($0) } }
                return try rows.flatMap { try Self.failures($0, table, driver) }
            }
            #expect(failures.count == 0, "\(failures.joined(separator: "\n"))")
        }

        private static func ask(_ question: String, _ driver: ConnectedDriver) throws -> Message? {
            let words = question.split(separator: " ")
            guard let name = DomainName(String(words[0])), let type = RecordType(String(words[1])) else { return nil }
            return try driver.message(DNSQuery(name, type), over: .udp)?.message
        }

        /// The records of a row, as the resolver tells them: it counts TTLs down, and lets aliases be.
        private static func failures(_ row: CaseRow, _ table: CaseTable, _ driver: ConnectedDriver) throws -> [String] {
            guard let contents = table.contents(row.name), contents.alias == nil, row.readings.count == 1 else { return [] }
            return try Set(contents.records.map(\.data.type)).flatMap { type -> [String] in
                let wanted = Set(contents.records(of: type).map(\.data))
                let answer = try driver.message(DNSQuery(row.name, type), over: .tcp)?.message
                let found = Set(answer?.answers.map(\.data) ?? [])
                return found == wanted ? [] : ["\(row) \(type): \(answer?.responseCode, default: "no answer") \(found.count) of \(wanted.count)"]
            }
        }
    }
}
