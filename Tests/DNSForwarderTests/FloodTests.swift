import DNSWire
import NetworkTypes
import RandomTesting
import Testing

@testable import DNSForwarder

private func dead(_ query: SimulatedQuery) -> [SimulatedEvent] { [] }
private func good(_ query: SimulatedQuery) -> [SimulatedEvent] { [.reply(query.address())] }
/// Answers names below `good.`, and no others.
private func partly(_ query: SimulatedQuery) -> [SimulatedEvent] {
    query.question.name.isWithin(DomainName("good.") ?? .root) ? good(query) : []
}
private func client(_ number: UInt32) -> IPAddress { IPAddress(v4: 0x0AF4_0000 + number) }

/// More questions than there is room for.
@Suite struct FloodTests {
    @Test(arguments: [
        (16, 14, 2, 9, 2), (64, 56, 8, 37, 9), (384, 336, 48, 224, 56), (1500, 1436, 64, 957, 239),
        (1 << 20, 4096, 64, 1000, 250), (0, 14, 2, 9, 2),
    ])
    func `so many descriptors are never more`(descriptors: Int, sockets: Int, tls: Int, questions: Int, perClient: Int) {
        let limits = ForwarderLimits(descriptors: descriptors)
        #expect(limits.sockets == sockets)
        #expect(limits.tlsConnections == tls)
        #expect(limits.questionsInFlight == questions)
        #expect(limits.questionsPerClient == perClient)
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6]) func `whatever upstreams do, sockets stay within their limit`(seed: UInt64) {
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        func upstream(_ query: SimulatedQuery) -> [SimulatedEvent] {
            switch UInt8.random(in: 0..<8, using: &random) {
            case 0: [.reply(query.address(), after: .milliseconds(Int.random(in: 1...3000, using: &random)))]
            case 1: [.reply(query.answer(flags: .truncated))]
            case 2: [.reply(query.answer(code: .serverFailure))]
            case 3: [.failure()]
            case 4: [.bytes([1, 2, 3]), .reply(query.answer([alias("\(query.question.name)", "target\(query.attempt.id).example.")]))]
            case 5: (0..<40).map { .bytes([UInt8($0)], after: .milliseconds($0)) }
            default: []
            }
        }
        let simulation = Simulation(upstream, upstream, seed: seed, configure: { configuration in
            configuration.limits.sockets = 14
            configuration.limits.questionsInFlight = 10
            configuration.limits.questionsPerClient = 4
        })
        var asked = 0
        for step in 0..<400 {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                asked += 1
                let name = "n\(Int.random(in: 0..<60, using: &random)).example."
                simulation.ask(question(name), client: client(UInt32.random(in: 0..<8, using: &random)))
            }
            simulation.run(until: .milliseconds(step * 37))
            let statistics = simulation.core.statistics
            #expect(statistics.sockets == simulation.open.count)
            #expect(statistics.questionsInFlight <= 10)
        }
        #expect(simulation.mostOpen <= 14)
        #expect(simulation.mostOpen > 8, "there was a flood")
        simulation.run(until: .seconds(60))
        #expect(simulation.completions.count == asked, "everybody has an answer")
        #expect(simulation.core.statistics.sockets == 0)
        #expect(simulation.open.isEmpty)
    }

    @Test func `first queries come before second ones, and go on being listened to`() {
        let simulation = Simulation(
            { $0.question.name == DomainName("late.example.") ? [.reply($0.address(), after: .milliseconds(900))] : [] }, dead,
            configure: { ($0.limits.sockets, $0.limits.questionsInFlight) = (12, 10) })
        let late = simulation.ask(question("late.example."))
        for index in 1..<10 { simulation.ask(question("n\(index).example.")) }
        #expect(simulation.sent.count == 10)
        simulation.run(until: .milliseconds(950))
        #expect(simulation.open.count <= 12)
        #expect(simulation.core.statistics.withheldQueries > 0)
        // The socket that it was first asked by is there still, whoever else wanted one.
        let answer = simulation.completions.first { $0.asker == late }
        #expect(answer == nil || answer?.answer.responseCode == .noError)
        let first = simulation.sent[0].query.attempt
        #expect(first.upstream == 1 || answer?.answer.responseCode == .noError)
    }

    @Test func `without a spare socket another upstream is asked in place of one that was silent for a second`() throws {
        for seed in UInt64(1)...8 {
            let simulation = Simulation(
                dead, good, seed: seed, configure: { ($0.limits.sockets, $0.limits.questionsInFlight) = (4, 4) })
            let askers = (0..<4).map { simulation.ask(question("n\($0).example.")) }
            simulation.run(until: .seconds(5))
            for asker in askers {
                let done = try #require(simulation.completions.first { $0.asker == asker })
                #expect(done.answer.responseCode == .noError, "seed \(seed): \(done)")
            }
            #expect(simulation.mostOpen <= 4)
        }
    }

    @Test func `a client beyond its part is refused at once, and another's question is answered`() throws {
        let simulation = Simulation(
            partly, configure: { ($0.limits.questionsInFlight, $0.limits.questionsPerClient) = (40, 10) })
        for index in 0..<300 { simulation.ask(question("n\(index).bad."), client: client(1)) }
        #expect(simulation.completions.count == 290)
        #expect(simulation.completions.allSatisfy { $0.answer.responseCode == .serverFailure && $0.at == .zero })
        #expect(simulation.core.statistics.rejectsOfClients == 290)
        let other = simulation.ask(question("www.good."), client: client(2))
        simulation.run(until: .milliseconds(10))
        let done = try #require(simulation.completions.first { $0.asker == other })
        #expect(done.answer.responseCode == .noError)
        // And itself, once its own are over.
        simulation.run(until: .seconds(5))
        let again = simulation.ask(question("www2.good."), client: client(1))
        simulation.run(until: .seconds(6))
        #expect(simulation.completions.first { $0.asker == again }?.answer.responseCode == .noError)
    }

    @Test func `in a full table a client with less than its part gets the place of one with more`() throws {
        let simulation = Simulation(
            partly, configure: { ($0.limits.questionsInFlight, $0.limits.questionsPerClient) = (40, 20) })
        var last = 0
        for number in UInt32(1)...2 {
            for index in 0..<20 { last = simulation.ask(question("n\(number)-\(index).bad."), client: client(number)) }
        }
        #expect(simulation.completions.isEmpty)
        let newcomer = simulation.ask(question("www.good."), client: client(3))
        let displaced = try #require(simulation.completions.first)
        #expect(displaced.asker == last || displaced.asker == 20, "the newest of one of the two")
        #expect(displaced.answer.responseCode == .serverFailure)
        simulation.run(until: .milliseconds(10))
        #expect(simulation.completions.last?.asker == newcomer)
        #expect(simulation.completions.last?.answer.responseCode == .noError)
        // Its part is a third, and no more.
        for index in 0..<30 { simulation.ask(question("m\(index).bad."), client: client(3)) }
        let statistics = simulation.core.statistics
        #expect(statistics.questionsInFlight == 40)
        #expect(statistics.displaced == 13, "12 more, as one place was free again")
        #expect(statistics.rejectsAtTotal == 17)
        #expect(statistics.rejects == 30)
    }

    @Test func `a question that another client waits for too gives no way`() {
        let simulation = Simulation(
            dead, configure: { ($0.limits.questionsInFlight, $0.limits.questionsPerClient) = (2, 2) })
        for name in ["a.bad.", "b.bad."] {
            simulation.ask(question(name), client: client(1))
            simulation.ask(question(name), client: client(2))
        }
        simulation.ask(question("c.bad."), client: client(3))
        #expect(simulation.completions.map(\.asker) == [5])
        #expect(simulation.core.statistics.displaced == 0)
    }

    @Test func `one client does not wait so often for a question that others cannot`() {
        let simulation = Simulation(
            { [.reply($0.address(), after: .milliseconds(100))] },
            configure: { ($0.limits.waitersPerQuestion, $0.limits.waitersPerClient) = (10, 4) })
        for _ in 0..<20 { simulation.ask(question("www.example."), client: client(1)) }
        #expect(simulation.core.statistics.rejectsOfWaiters == 16)
        let other = simulation.ask(question("www.example."), client: client(2))
        simulation.run(until: .seconds(1))
        #expect(simulation.completions.first { $0.asker == other }?.answer.responseCode == .noError)
        #expect(simulation.completions.count == 21)
    }

    @Test func `what waits for the event loop is bounded, in all and for each client`() {
        var configuration = ForwarderConfiguration(upstreams: [Simulation.address(0)])
        (configuration.limits.questionsInFlight, configuration.limits.questionsPerClient) = (10, 4)
        let cache = AnswerCache(policy: configuration.cache)
        var core = ForwarderCore(configuration, cache: cache, random: SplitMix64(seed: 1))
        func admits(_ number: UInt32) -> Bool { core.admit(question("www.example."), client: client(number), now: .zero) == nil }
        #expect((0..<6).map { _ in admits(1) } == [true, true, true, true, false, false])
        #expect((2...20).count { admits($0) } == 16, "20 in all")
        core.arrived(from: client(1))
        #expect(admits(1))
        #expect(!admits(1) && !admits(30))
    }
}
