import DNSTesting
import DNSWire
import LinuxSystem
import Testing

extension DNSCasesTests {
    /// How much of an answer comes, by what the client can take.
    @Suite struct SizeTests {
        struct Row: Sendable, CustomStringConvertible {
            var service: String
            var type: RecordType = .a
            /// Nil: no OPT.
            var payload: UInt16?
            /// Bytes of the answer at most.
            var limit: Int
            var isTruncated: Bool

            var name: DomainName { DomainName("\(service).shop.svc.cluster.local.") ?? .root }
            var description: String { "\(service) \(type) in \(payload.map { "\($0)" } ?? "no OPT")" }
        }

        static let rows: [Row] = [
            Row(service: "crowd-28", payload: nil, limit: 512, isTruncated: false),
            Row(service: "crowd-28", payload: 512, limit: 512, isTruncated: false),
            Row(service: "crowd-28", payload: 0, limit: 512, isTruncated: false),
            Row(service: "crowd-28", payload: 100, limit: 512, isTruncated: false),
            Row(service: "crowd-40", payload: nil, limit: 512, isTruncated: true),
            Row(service: "crowd-40", payload: 511, limit: 512, isTruncated: true),
            Row(service: "crowd-40", payload: 1232, limit: 1232, isTruncated: false),
            Row(service: "crowd-40", payload: 800, limit: 800, isTruncated: false),
            Row(service: "crowd-40", payload: 600, limit: 600, isTruncated: true),
            Row(service: "crowd-80", payload: 1232, limit: 1232, isTruncated: true),
            Row(service: "crowd-80", payload: 4096, limit: 1232, isTruncated: true),
            Row(service: "crowd-80", payload: 65535, limit: 1232, isTruncated: true),
            Row(service: "crowd-200", payload: nil, limit: 512, isTruncated: true),
            Row(service: "crowd-200", payload: 4096, limit: 1232, isTruncated: true),
            Row(service: "crowd-6", type: .srv, payload: nil, limit: 512, isTruncated: false),
            Row(service: "crowd-6", type: .srv, payload: 1232, limit: 1232, isTruncated: false),
            Row(service: "crowd-28", type: .srv, payload: nil, limit: 512, isTruncated: true),
            Row(service: "crowd-200", type: .srv, payload: 4096, limit: 1232, isTruncated: true),
        ]

        @Test func `TC is set only where Answer is incomplete, and as much comes as fits`() async throws {
            let table = try CaseFolder.mainTable()
            let server = try await FairwayDNS.start(table)
            defer { server.close() }
            let failures = try await DedicatedThread.run(named: "sizes") {
                try Self.rows.flatMap { try Self.failures($0, table, server.driver()) }
            }
            #expect(failures.count == 0, "\(failures.joined(separator: "\n"))")
        }

        static func failures(_ row: Row, _ table: CaseTable, _ driver: some DNSDriver) throws -> [String] {
            let query = DNSQuery(row.name, row.type, edns: row.payload.map { EDNS(payloadSize: $0) })
            guard let (message, count) = try driver.message(query, over: .udp) else { return ["\(row): no answer"] }
            let all = Set(table.records(table.contents(row.name)?.records(of: row.type) ?? [], owner: row.name))
            var faults: [String] = []
            if count > row.limit { faults.append("\(count) bytes") }
            if message.flags.contains(.truncated) != row.isTruncated { faults.append("TC is \(!row.isTruncated)") }
            if !all.isSuperset(of: message.answers) || Set(message.answers).count != message.answers.count {
                faults.append("records that are not there, or twice")
            }
            if row.isTruncated == (message.answers.count == all.count) { faults.append("\(message.answers.count) records") }
            if row.isTruncated, let next = all.subtracting(message.answers).first {
                var longer = message
                longer.answers.append(next)
                longer.additionals = []
                let size = longer.encoded().count
                if size <= row.limit { faults.append("one more record fits: \(size) bytes") }
            }
            return faults.map { "\(row): \($0)" }
        }

        @Test func `over TCP an answer of 200 records comes whole`() async throws {
            let table = try CaseFolder.mainTable()
            let server = try await FairwayDNS.start(table)
            defer { server.close() }
            let name = try #require(DomainName("crowd-200.shop.svc.cluster.local."))
            for type in [RecordType.a, .srv] {
                let answer = try await DedicatedThread.run(named: "tcp") {
                    try server.driver().message(DNSQuery(name, type), over: .tcp)?.message
                }
                #expect(answer?.answers.count == 200)
                #expect(answer?.additionals.count == (type == .srv ? 200 : 0))
                #expect(answer?.flags.contains(.truncated) == false)
            }
        }

        @Test func `every address comes first as often as the others, also where not all fit`() async throws {
            let server = try await FairwayDNS.start(try CaseFolder.mainTable())
            defer { server.close() }
            for (service, count, payload) in [("crowd-6", 6, UInt16(1232)), ("crowd-200", 200, 512)] {
                let name = try #require(DomainName("\(service).shop.svc.cluster.local."))
                let asked = count * 100
                let firsts = try await DedicatedThread.run(named: "rotation") {
                    let exchange = try DatagramExchange(server.addresses[0])
                    return try (0..<asked).compactMap { index -> RecordData? in
                        // A server may turn by the id, which clients choose at random.
                        let query = DNSQuery(name, .a, edns: EDNS(payloadSize: payload)).with { $0.id = UInt16(index) }
                        try exchange.send(query.bytes)
                        return try exchange.receive(within: .seconds(8)).map { try Message(decoding: $0) }?.answers.first?.data
                    }
                }
                let counts = Dictionary(firsts.map { ($0, 1) }, uniquingKeysWith: +)
                #expect(firsts.count == asked)
                // Evenly, or by chance: then 100 +- 10, and 40 to 160 is six deviations.
                #expect(counts.count == count)
                #expect(counts.values.allSatisfy { (40...160).contains($0) }, "\(counts.values.sorted())")
            }
        }
    }
}
