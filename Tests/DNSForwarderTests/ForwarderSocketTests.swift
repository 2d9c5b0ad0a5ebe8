import DNSTesting
import DNSWire
import FoundationEssentials
import NIOCore
import NIOPosix
import NetworkTypes
import Testing

@testable import DNSForwarder

/// Over real sockets on loopback.
@Suite struct ForwarderSocketTests {
    private func address(_ upstream: ScriptedUpstream, tls name: String?? = nil) throws -> UpstreamAddress {
        UpstreamAddress(
            IPAddress(v4: 0x7F00_0001), port: try #require(PortNumber(upstream.port)),
            transport: name.map { .tls(serverName: $0) } ?? .udp)
    }

    /// A forwarder that is gone afterwards.
    private func with<Result>(
        _ upstreams: [UpstreamAddress], _ change: (inout ForwarderConfiguration) -> Void = { _ in },
        _ body: (Forwarder) async throws -> Result
    ) async throws -> Result {
        var configuration = ForwarderConfiguration(upstreams: upstreams)
        change(&configuration)
        let forwarder = try Forwarder(configuration: configuration, group: MultiThreadedEventLoopGroup.singleton)
        do {
            let result = try await body(forwarder)
            try await forwarder.shutdown().get()
            return result
        } catch {
            try await forwarder.shutdown().get()
            throw error
        }
    }

    struct Misbehaviour: CustomTestStringConvertible {
        var testDescription: String
        /// The good answer is 192.0.2.1.
        var script: ScriptedUpstream.Script
    }

    static let misbehaviours: [Misbehaviour] = [
        Misbehaviour(testDescription: "wrong id first") { query in
            var forged = query.answer(query.address("198.51.100.66"))
            forged.id ^= 0x1234
            return [.message(forged), .message(query.answer(query.address("192.0.2.1")))]
        },
        Misbehaviour(testDescription: "from the wrong port first") { query in
            [.fromElsewhere(query.answer(query.address("198.51.100.66"))), .pause(.milliseconds(30)),
             .message(query.answer(query.address("192.0.2.1")))]
        },
        Misbehaviour(testDescription: "wrong case, over UDP a lie") { query in
            guard query.transport == .udp else { return [.message(query.answer(query.address("192.0.2.1")))] }
            var answer = query.answer(query.address("198.51.100.66"))
            answer.questions[0].name = answer.questions[0].name.lowercased
            return [.message(answer)]
        },
        Misbehaviour(testDescription: "late") { query in
            query.number == 1 ? [.pause(.milliseconds(700)), .message(query.answer(query.address("192.0.2.1")))] : []
        },
        Misbehaviour(testDescription: "truncated") { query in
            query.transport == .udp
                ? [.message(query.answer(flags: .truncated))] : [.message(query.answer(query.address("192.0.2.1")))]
        },
        Misbehaviour(testDescription: "larger than was offered to take") { query in
            let answer = query.answer(query.address("192.0.2.1"))
            guard query.transport == .udp else { return [.message(answer)] }
            let filler = ResourceRecord(
                name: query.question.name, timeToLive: 1, data: .txt([[UInt8]](repeating: [UInt8](repeating: 65, count: 255), count: 60)))
            var large = answer
            large.answers.append(filler)
            return [.message(large)]
        },
        Misbehaviour(testDescription: "garbage first") { query in
            [.bytes([]), .bytes([0]), .bytes([UInt8](repeating: 0xC0, count: 512)),
             .message(query.answer(query.address("192.0.2.1")))]
        },
        Misbehaviour(testDescription: "FORMERR to EDNS") { query in
            query.message.edns == nil
                ? [.message(query.answer(query.address("192.0.2.1")))] : [.message(query.answer(code: .formatError))]
        },
        Misbehaviour(testDescription: "deaf to the first query") { query in
            query.number == 1 ? [] : [.message(query.answer(query.address("192.0.2.1")))]
        },
        Misbehaviour(testDescription: "an alias without its target") { query in
            if query.question.name == DomainName("target.example.") { return [.message(query.answer(query.address("192.0.2.1")))] }
            let target = DomainName("target.example.") ?? .root
            return [.message(query.answer([ResourceRecord(name: query.question.name, timeToLive: 9, data: .cname(target))]))]
        },
    ]

    @Test(arguments: misbehaviours)
    func `a misbehaving upstream's good answer is found`(row: Misbehaviour) async throws {
        try await ScriptedUpstream.with(script: row.script) { upstream in
            try await with([address(upstream)]) { forwarder in
                let answer = await forwarder.resolve(question("www.some-name.example."))
                #expect(answer.responseCode == .noError)
                let last = answer.answers.last { $0.type == .a }
                #expect(last?.data == record("a.", "192.0.2.1").data, "\(answer)")
            }
        }
    }

    @Test func `a dead port is known at once, and the other upstream answers`() async throws {
        try await ScriptedUpstream.with(script: { [.message($0.answer($0.address("192.0.2.1")))] }) { upstream in
            let gone = try await ScriptedUpstream.start { _ in [] }
            let dead = try address(gone)
            await gone.stop()
            try await with([dead, address(upstream)]) { forwarder in
                for index in 0..<20 {
                    let answer = await forwarder.resolve(question("n\(index).example."))
                    #expect(answer.responseCode == .noError)
                }
            }
            try await with([dead]) { forwarder in
                let answer = await forwarder.resolve(question("www.example."))
                #expect(answer.responseCode == .serverFailure)
                #expect(answer.extendedErrorCode == 23)
            }
        }
    }

    @Test func `port, id and case of 1000 queries cannot be foretold`() async throws {
        try await ScriptedUpstream.with(script: { [.message($0.answer($0.address("192.0.2.1", timeToLive: 0)))] }) { upstream in
            try await with([address(upstream)]) { forwarder in
                await withTaskGroup(of: Void.self) { group in
                    for worker in 0..<50 {
                        group.addTask {
                            for index in 0..<20 {
                                let name = "abcdefghijklmnop\(worker * 20 + index).example."
                                _ = await forwarder.resolve(question(name))
                            }
                        }
                    }
                }
            }
            let queries = upstream.queries
            #expect(queries.count >= 1000)
            // Of 1000 draws from 64 512 or 65 536, eight or so fall together; sixty never do.
            #expect(Set(queries.map(\.sourcePort)).count > queries.count - 60)
            #expect(Set(queries.map(\.message.id)).count > queries.count - 60)
            #expect(queries.allSatisfy { $0.sourcePort >= 1024 })
            let cases = Set(queries.map { $0.bytes[13..<29].map { $0 & 0x20 } })
            #expect(cases.count > queries.count - 60)
            // Every bit of the id, and the upper bits of the port, fall either way.
            for bit in 0..<16 {
                let set = queries.count { $0.message.id >> UInt16(bit) & 1 == 1 }
                #expect(set >= 400 && set <= queries.count - 400, "bit \(bit)")
            }
            let steps = zip(queries, queries.dropFirst()).count { abs($0.sourcePort - $1.sourcePort) < 64 }
            #expect(steps < 40, "ports do not count up")
        }
    }

    @Test func `askers at the same time are one query, and the next finds the answer kept`() async throws {
        try await ScriptedUpstream.with(script: { [.pause(.milliseconds(150)), .message($0.answer($0.address("192.0.2.1")))] }) {
            upstream in
            try await with([address(upstream)], { $0.limits.initialHedge = .seconds(3) }) { forwarder in
                #expect(forwarder.cached(question("www.example.")) == nil)
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<50 {
                        group.addTask {
                            let answer = await forwarder.resolve(question("www.example."))
                            #expect(answer.answers.count == 1)
                        }
                    }
                }
                #expect(upstream.queries.count == 1)
                #expect(forwarder.cached(question("WWW.example."))?.answers.count == 1)
                let statistics = forwarder.statistics
                #expect(statistics.joins == 49)
                #expect(statistics.cache.successHits == 1)
                #expect(statistics.upstreams[0].answers[.noError]?.count == 1)
                #expect(statistics.upstreams[0].smoothedRoundTrip ?? 0 > 0.1)
            }
        }
    }

    @Test func `an own query is known by its options`() async throws {
        try await ScriptedUpstream.with(script: { [.message($0.answer())] }) { upstream in
            try await with([address(upstream)]) { forwarder in
                _ = await forwarder.resolve(question("www.example."))
                let options = try #require(upstream.queries.first?.message.edns?.options)
                #expect(forwarder.isOwnQuery(options))
                #expect(!forwarder.isOwnQuery([]))
                #expect(forwarder.statistics.loops == 1)
            }
        }
    }

    /// The file of the test's certificate, removed afterwards.
    private func withCertificateFile<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let path = FileManager.default.temporaryDirectory.path + "/fairway-dns-\(UInt64.random(in: 0 ... .max)).pem"
        try TestCertificate.certificatePEM.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    @Test func `queries over TLS share a connection and overtake each other`() async throws {
        try await ScriptedUpstream.with(
            tls: true,
            script: { query in
                let answer = UpstreamReply.message(query.answer(query.address("192.0.2.1")))
                return query.question.name == DomainName("slow.example.") ? [.pause(.milliseconds(300)), answer] : [answer]
            }
        ) { upstream in
            try await withCertificateFile { path in
                let secure = try address(upstream, tls: TestCertificate.serverName)
                try await with([secure], { ($0.trustedCertificatesPath, $0.limits.initialHedge) = (path, .seconds(3)) }) { forwarder in
                    async let slow = forwarder.resolve(question("slow.example."))
                    for index in 0..<20 {
                        let answer = await forwarder.resolve(question("n\(index).example."))
                        #expect(answer.answers.count == 1)
                    }
                    let late = await slow
                    #expect(late.answers.count == 1)
                    #expect(Set(upstream.queries.map(\.connection)) == [1])
                    #expect(upstream.queries.allSatisfy { $0.transport == .tls })
                    let statistics = forwarder.statistics.upstreams[0]
                    #expect(statistics.connectionMisses == 1)
                    #expect(statistics.connectionHits == 20)
                }
            }
        }
    }

    @Test func `beyond the limit of one TLS connection the next is opened, and the end closes all`() async throws {
        try await ScriptedUpstream.with(
            tls: true, script: { [.pause(.milliseconds(100)), .message($0.answer($0.address("192.0.2.1")))] }
        ) { upstream in
            try await withCertificateFile { path in
                let secure = try address(upstream, tls: TestCertificate.serverName)
                try await with(
                    [secure],
                    {
                        $0.trustedCertificatesPath = path
                        $0.limits.queriesPerConnection = 4
                        $0.limits.initialHedge = .seconds(3)
                    }
                ) { forwarder in
                    await withTaskGroup(of: Void.self) { group in
                        for index in 0..<10 {
                            group.addTask {
                                let answer = await forwarder.resolve(question("n\(index).example."))
                                #expect(answer.responseCode == .noError)
                            }
                        }
                    }
                    #expect(Set(upstream.queries.map(\.sourcePort)).count >= 2)
                }
            }
        }
    }

    @Test func `a TLS connection that the other end closed is made anew, unseen`() async throws {
        try await ScriptedUpstream.with(
            tls: true, script: { [.message($0.answer($0.address("192.0.2.1"))), .hangUp] }
        ) { upstream in
            try await withCertificateFile { path in
                let secure = try address(upstream, tls: TestCertificate.serverName)
                try await with([secure], { $0.trustedCertificatesPath = path }) { forwarder in
                    for index in 0..<5 {
                        let answer = await forwarder.resolve(question("n\(index).example."))
                        #expect(answer.responseCode == .noError)
                    }
                }
            }
        }
    }

    @Test(arguments: [
        ("another name", "other.example.test", true, ForwarderConfiguration.CertificateVerification.full, false),
        ("an authority that is not trusted", TestCertificate.serverName, false, .full, false),
        ("the right name", TestCertificate.serverName, true, .full, true),
        ("no name, a trusted authority", nil, true, .full, true),
        ("anything, unverified", "other.example.test", false, .none, true),
    ] as [(String, String?, Bool, ForwarderConfiguration.CertificateVerification, Bool)])
    func `a certificate is judged`(
        what: String, name: String?, trusts: Bool, verification: ForwarderConfiguration.CertificateVerification, isGood: Bool
    ) async throws {
        try await ScriptedUpstream.with(tls: true, script: { [.message($0.answer($0.address("192.0.2.1")))] }) { upstream in
            try await withCertificateFile { path in
                let secure = try address(upstream, tls: .some(name))
                try await with(
                    [secure],
                    {
                        $0.trustedCertificatesPath = trusts ? path : nil
                        $0.certificateVerification = verification
                    }
                ) { forwarder in
                    let answer = await forwarder.resolve(question("www.example."))
                    #expect(answer.responseCode == (isGood ? .noError : .serverFailure))
                    #expect(upstream.queries.isEmpty == !isGood, "no query goes to an impostor")
                }
            }
        }
    }

    @Test func `certificates that cannot be read are named`() throws {
        var configuration = ForwarderConfiguration(upstreams: [try UpstreamAddress("tls://127.0.0.1#a.example")])
        configuration.trustedCertificatesPath = "/nonexistent/ca.pem"
        let error = #expect(throws: ForwarderError.self) {
            try Forwarder(configuration: configuration, group: MultiThreadedEventLoopGroup.singleton)
        }
        #expect(error?.description.contains("/nonexistent/ca.pem") == true)
    }

    @Test func `the end answers who waits, and leaves no socket`() async throws {
        try await ScriptedUpstream.with(script: { _ in [] }) { upstream in
            let configuration = ForwarderConfiguration(upstreams: [try address(upstream)])
            let forwarder = try Forwarder(configuration: configuration, group: MultiThreadedEventLoopGroup.singleton)
            async let waiting = forwarder.resolve(question("www.example."))
            while upstream.queries.isEmpty { await Task.yield() }
            try await forwarder.shutdown().get()
            let answer = await waiting
            #expect(answer.extendedErrorCode == 14)
            let count = upstream.queries.count
            let late = await forwarder.resolve(question("later.example."))
            #expect(late.extendedErrorCode == 14)
            #expect(upstream.queries.count == count)
        }
    }
}

extension Forwarder {
    fileprivate func resolve(_ question: ForwardedQuestion) async -> ForwardedAnswer {
        await withCheckedContinuation { continuation in
            resolve(question) { continuation.resume(returning: $0) }
        }
    }
}
