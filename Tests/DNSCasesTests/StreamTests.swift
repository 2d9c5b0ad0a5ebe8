import DNSTesting
import DNSWire
import LinuxSystem
import Testing

extension DNSCasesTests {
    /// What TCP adds: many messages on a connection, in any order and in any pieces (RFC 7766).
    @Suite struct StreamTests {
        private func answers(
            _ count: Int, _ send: @escaping @Sendable (StreamExchange) throws -> Void
        ) async throws -> [Message] {
            let server = try await FairwayDNS.start(try CaseFolder.mainTable())
            defer { server.close() }
            return try await DedicatedThread.run(named: "stream") {
                let connection = try StreamExchange(server.addresses[0])
                try send(connection)
                return try (0..<count).compactMap { _ in
                    try connection.receiveFrame(within: .seconds(8)).map { try Message(decoding: $0) }
                }
            }
        }

        private static func query(_ id: UInt16, _ name: String = "web.shop.svc.cluster.local.") -> DNSQuery {
            DNSQuery(DomainName(name) ?? .root, .a).with { $0.id = id }
        }

        @Test func `500 questions at once are all answered`() async throws {
            let answers = try await answers(500) { connection in
                try connection.send((0..<500).flatMap { StreamExchange.frame(Self.query($0).bytes) })
            }
            #expect(Set(answers.map(\.id)) == Set(0..<500))
            #expect(answers.allSatisfy { $0.answers.count == 1 })
        }

        @Test func `a message may come byte by byte`() async throws {
            let answers = try await answers(1) { connection in
                for byte in StreamExchange.frame(Self.query(7).bytes) { try connection.send([byte]) }
            }
            #expect(answers.map(\.id) == [7])
        }

        @Test func `who has said all and listens on is answered`() async throws {
            let answers = try await answers(3) { connection in
                for id in 1...3 { try connection.send(frame: Self.query(UInt16(id)).bytes) }
                try connection.shutdownSending()
            }
            #expect(Set(answers.map(\.id)) == [1, 2, 3])
        }

        @Test func `a wrong question does not keep the next from its answer`() async throws {
            let answers = try await answers(2) { connection in
                try connection.send(frame: Self.query(1).with { $0.counts = [2, 0, 0, 0] }.bytes)
                try connection.send(frame: Self.query(2).bytes)
            }
            #expect(answers.map(\.responseCode).contains(.formatError))
            #expect(answers.contains { $0.id == 2 && $0.answers.count == 1 })
        }
    }
}
