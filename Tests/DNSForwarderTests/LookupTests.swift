import DNSWire
import NetworkTypes
import RandomTesting
import Testing

@testable import DNSForwarder

private func dead(_ query: SimulatedQuery) -> [SimulatedEvent] { [] }
private func good(_ query: SimulatedQuery) -> [SimulatedEvent] { [.reply(query.address())] }
private func failing(_ code: ResponseCode) -> Simulation.Upstream { { [.reply($0.answer(code: code))] } }

@Suite struct LookupTests {
    @Test func `a good upstream is asked once, over UDP, with EDNS`() throws {
        let simulation = Simulation(good)
        let done = try #require(simulation.answer(question("www.example.com.")))
        #expect(done.answer.answers == [record("www.example.com.", "192.0.2.1")])
        #expect(done.answer.responseCode == .noError)
        #expect(simulation.sent.count == 1)
        #expect(simulation.sent[0].query.transport == .udp)
        #expect(simulation.sent[0].query.message.flags == .recursionDesired)
        #expect(simulation.sent[0].query.message.edns?.payloadSize == 1232)
    }

    @Test func `DO and CD go along`() throws {
        let simulation = Simulation(good)
        var asked = question("a.example.")
        asked.dnssecOK = true
        asked.checkingDisabled = true
        _ = simulation.answer(asked)
        #expect(simulation.sent[0].query.message.edns?.dnssecOK == true)
        #expect(simulation.sent[0].query.message.flags.contains(.checkingDisabled))
    }

    @Test(arguments: 0..<8) func `a second upstream is asked within 400 ms when the first is silent`(seed: UInt64) throws {
        // Whichever comes first, one of them is dead.
        let simulation = Simulation(dead, good, seed: seed)
        let done = try #require(simulation.answer(question("www.example.com.")))
        #expect(done.answer.responseCode == .noError)
        #expect(done.at <= .milliseconds(410))
    }

    @Test func `an upstream that went silent is asked last, and first again after a while`() throws {
        var isDead = false
        let simulation = Simulation(
            { isDead ? [] : [.reply($0.address(), after: .milliseconds(1))] },
            { [.reply($0.address(), after: .milliseconds(30))] }
        )
        for index in 0..<20 { _ = simulation.answer(question("n\(index).example.")) }
        isDead = true
        for index in 0..<20 { _ = simulation.answer(question("d\(index).example.")) }
        let early = simulation.sent.suffix(10).filter { $0.query.attempt.upstream == 0 }.count
        #expect(early <= 4)
        isDead = false
        simulation.run(until: simulation.now + .seconds(300))
        for index in 0..<10 { _ = simulation.answer(question("e\(index).example.")) }
        let late = simulation.sent.suffix(10).filter { $0.query.attempt.upstream == 0 }.count
        #expect(late >= 7)
    }

    @Test func `a single upstream that lost a packet is asked again with a new id`() throws {
        var count = 0
        let simulation = Simulation({ query in
            count += 1
            return count == 1 ? [] : [.reply(query.address())]
        })
        let done = try #require(simulation.answer(question("www.example.com.")))
        #expect(done.answer.responseCode == .noError)
        #expect(done.at < .milliseconds(500))
        #expect(simulation.sent.count == 2)
        #expect(simulation.sent[0].query.message.id != simulation.sent[1].query.message.id)
    }

    @Test func `an answer to the first query counts after a second one was sent`() throws {
        var count = 0
        let simulation = Simulation({ query in
            count += 1
            return count == 1 ? [.reply(query.address(), after: .milliseconds(900))] : []
        })
        let done = try #require(simulation.answer(question("www.example.com.")))
        #expect(done.answer.responseCode == .noError)
        #expect(done.at == .milliseconds(900))
    }

    @Test(arguments: [1, 2, 3]) func `when all are dead it ends after 4 s with extended error 22`(count: Int) throws {
        let simulation =
            switch count {
            case 1: Simulation(dead)
            case 2: Simulation(dead, dead)
            default: Simulation(dead, dead, dead)
            }
        let done = try #require(simulation.answer(question("www.example.com.")))
        #expect(done.at == .seconds(4))
        #expect(done.answer.responseCode == .serverFailure)
        #expect(done.answer.extendedErrorCode == 22)
        #expect(simulation.sent.count <= ForwarderLimits().attempts)
        #expect(simulation.core.statistics.questionsInFlight == 0)
    }

    @Test func `sockets that all fail end it early with extended error 23`() throws {
        let simulation = Simulation({ _ in [.failure()] }, { _ in [.failure()] })
        let done = try #require(simulation.answer(question("www.example.com.")))
        #expect(done.answer.extendedErrorCode == 23)
        #expect(done.at < .seconds(1))
        #expect(simulation.core.statistics.upstreams.map(\.networkErrors) == [2, 2])
    }

    @Test(arguments: [ResponseCode.serverFailure, .refused, .notImplemented, ResponseCode(rawValue: 9)], 0..<4)
    func `a failure of one is no answer while another can be asked`(code: ResponseCode, seed: UInt64) throws {
        let simulation = Simulation(failing(code), good, seed: seed)
        let done = try #require(simulation.answer(question("www.example.com.")))
        #expect(done.answer.responseCode == .noError)
        #expect(done.at < .milliseconds(100))
    }

    @Test(arguments: [ResponseCode.serverFailure, .refused])
    func `a failure of all is handed on at once`(code: ResponseCode) throws {
        let simulation = Simulation(failing(code), failing(code))
        let done = try #require(simulation.answer(question("www.example.com.")))
        #expect(done.answer.responseCode == code)
        #expect(done.at < .milliseconds(100))
        #expect(simulation.sent.count == 2)
    }

    @Test(arguments: [ResponseCode.formatError, .notImplemented, .badVersion], [false, true])
    func `who dislikes EDNS is asked without, now and later`(code: ResponseCode, withoutQuestion: Bool) throws {
        let simulation = Simulation({ query in
            guard query.message.edns != nil else { return [.reply(query.address())] }
            var answer = query.answer(code: ResponseCode(rawValue: code.rawValue & 0xF))
            if code == .badVersion { answer = query.answer(code: .formatError) }
            if withoutQuestion { answer.questions = [] }
            return [.reply(answer)]
        })
        let done = try #require(simulation.answer(question("www.example.com.")))
        #expect(done.answer.responseCode == .noError)
        #expect(simulation.sent.map { $0.query.message.edns != nil } == [true, false])
        _ = simulation.answer(question("www2.example.com."))
        #expect(simulation.sent.map { $0.query.message.edns != nil } == [true, false, false])
        simulation.run(until: simulation.now + .seconds(901))
        _ = simulation.answer(question("www3.example.com."))
        #expect(simulation.sent[3].query.message.edns != nil)
    }

    @Test func `a truncated answer is fetched over TCP`() throws {
        let simulation = Simulation({ query in
            query.transport == .udp ? [.reply(query.answer(flags: .truncated))] : [.reply(query.address())]
        })
        let done = try #require(simulation.answer(question("big.example.com.")))
        #expect(done.answer.answers.count == 1)
        #expect(simulation.sent.map(\.query.transport) == [.udp, .tcp])
        #expect(simulation.core.statistics.upstreams[0].truncations == 1)
    }

    @Test func `a truncated answer without TCP leads to another upstream, or to SERVFAIL`() throws {
        let truncating: Simulation.Upstream = { query in
            query.transport == .udp ? [.reply(query.answer(flags: .truncated))] : [.failure()]
        }
        let alone = try #require(Simulation(truncating).answer(question("big.example.com.")))
        #expect(alone.answer.responseCode == .serverFailure)
        for seed in UInt64(0)..<4 {
            let done = try #require(Simulation(truncating, good, seed: seed).answer(question("big.example.com.")))
            #expect(done.answer.responseCode == .noError)
        }
    }

    @Test func `a server that changes case is asked again over TCP`() throws {
        let simulation = Simulation({ query in
            var answer = query.address()
            answer.questions[0].name = answer.questions[0].name.lowercased
            return [.reply(answer)]
        })
        let done = try #require(simulation.answer(question("www.a-long-name.example.com.")))
        #expect(done.answer.responseCode == .noError)
        #expect(simulation.sent.map(\.query.transport) == [.udp, .tcp])
        #expect(simulation.core.statistics.upstreams[0].caseChanges == 1)
    }

    @Test func `forged answers are waited past`() throws {
        let simulation = Simulation({ query in
            var wrongID = query.address("198.51.100.66")
            wrongID.id &+= 1
            var wrongName = query.address("198.51.100.66")
            wrongName.questions[0].name = DomainName("other.example.com.") ?? .root
            var wrongType = query.address("198.51.100.66")
            wrongType.questions[0].type = .aaaa
            var noQuestion = query.address("198.51.100.66")
            noQuestion.questions = []
            var aQuery = query.address("198.51.100.66")
            aQuery.flags = []
            return [wrongID, wrongName, wrongType, noQuestion, aQuery].map { .reply($0, after: .milliseconds(1)) } + [
                .bytes([], after: .milliseconds(1)), .bytes([1, 2, 3], after: .milliseconds(1)),
                .bytes([UInt8](repeating: 0xFF, count: 600), after: .milliseconds(1)),
                .reply(query.address("192.0.2.7"), after: .milliseconds(100)),
            ]
        })
        let done = try #require(simulation.answer(question("www.example.com.")))
        #expect(done.answer.answers == [record("www.example.com.", "192.0.2.7")])
        #expect(simulation.sent.count == 1)
        #expect(simulation.core.statistics.upstreams[0].mismatches == 8)
    }

    @Test func `a storm of forged answers ends UDP for the question`() throws {
        let simulation = Simulation({ query in
            guard query.transport == .udp else { return [.reply(query.address())] }
            return (1...100).map { step in
                var forged = query.address("198.51.100.66")
                forged.id &+= UInt16(step)
                return .reply(forged, after: .microseconds(step))
            }
        })
        let done = try #require(simulation.answer(question("www.example.com.")))
        #expect(done.answer.answers == [record("www.example.com.", "192.0.2.1")])
        #expect(simulation.sent.map(\.query.transport) == [.udp, .tcp])
        #expect(simulation.core.statistics.upstreams[0].mismatches == UInt64(ForwarderLimits().mismatches))
    }

    @Test func `an answer that cannot be read is asked for over TCP, then elsewhere`() throws {
        let garbled: Simulation.Upstream = { query in
            // A matching header and question, then the promise of a record that is not there.
            var bytes = Array(query.attempt.query.bytes.prefix(query.attempt.query.questionEnd))
            bytes[2] = 0x81
            bytes[7] = 1
            bytes[11] = 0
            return [.bytes(bytes)]
        }
        for seed in UInt64(0)..<4 {
            let done = try #require(Simulation(garbled, good, seed: seed).answer(question("www.example.com.")))
            #expect(done.answer.responseCode == .noError)
        }
        let simulation = Simulation(garbled)
        let alone = try #require(simulation.answer(question("www.example.com.")))
        #expect(alone.answer.responseCode == .serverFailure)
        #expect(simulation.sent.map(\.query.transport) == [.udp, .tcp])
        #expect(simulation.core.statistics.upstreams[0].malformed == 2)
    }

    /// Whatever upstreams do, each asker hears exactly once, within 4 s, and nothing stays behind.
    @Test(arguments: 0..<200) func `everybody is answered once and in time`(seed: UInt64) throws {
        var dice = SplitMix64(seed: seed)
        func mood(_ query: SimulatedQuery) -> [SimulatedEvent] {
            let after = Duration.milliseconds(Int.random(in: 0...5000, using: &dice) / Int.random(in: 1...100, using: &dice))
            switch Int.random(in: 0..<10, using: &dice) {
            case 0: return []
            case 1: return [.failure(after: after)]
            case 2: return [.reply(query.answer(flags: .truncated), after: after)]
            case 3: return [.reply(query.answer(code: .serverFailure), after: after)]
            case 4: return [.reply(query.answer(code: .formatError), after: after)]
            case 5: return [.bytes((0..<40).map { _ in dice.next(upperBound: UInt8.max) }, after: after)]
            case 6:
                var answer = query.address()
                answer.questions[0].name = answer.questions[0].name.lowercased
                return [.reply(answer, after: after)]
            case 7:
                let target = "n\(Int.random(in: 0..<4, using: &dice)).example."
                return [.reply(query.answer([alias("\(query.question.name)", target)]), after: after)]
            case 8: return [.reply(query.answer(code: .nameError, authorities: [soa("example.")]), after: after)]
            default: return [.reply(query.address(), after: after)]
            }
        }
        let simulation = Simulation(mood, mood, mood, seed: seed)
        var asked: [Int: Duration] = [:]
        for _ in 0..<40 {
            let name = "n\(Int.random(in: 0..<6, using: &dice)).example."
            asked[simulation.ask(question(name))] = simulation.now
            simulation.run(until: simulation.now + .milliseconds(Int.random(in: 0...700, using: &dice)))
        }
        simulation.run(until: simulation.now + .seconds(20))
        #expect(simulation.completions.map(\.asker).sorted() == asked.keys.sorted(), "seed \(seed)")
        for done in simulation.completions {
            let start = try #require(asked[done.asker])
            #expect(done.at - start <= .seconds(4), "seed \(seed)")
        }
        #expect(simulation.core.statistics.questionsInFlight == 0, "seed \(seed)")
        #expect(Set(simulation.sent.map(\.query.attempt.id)) == simulation.cancelled, "every socket is closed; seed \(seed)")
    }
}
