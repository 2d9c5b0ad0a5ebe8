import DNSWire
import NetworkTypes
import Testing

@testable import DNSForwarder

private func dead(_ query: SimulatedQuery) -> [SimulatedEvent] { [] }
private func good(_ query: SimulatedQuery) -> [SimulatedEvent] { [.reply(query.address())] }

@Suite struct ForwarderCoreTests {
    @Test func `equal questions in flight are asked once, whatever their case`() {
        let simulation = Simulation({ [.reply($0.address(), after: .milliseconds(100))] })
        for name in ["www.example.com.", "WWW.example.com.", "www.EXAMPLE.com."] { simulation.ask(question(name)) }
        simulation.ask(question("www.example.com.", .aaaa))
        simulation.run(until: .seconds(1))
        #expect(simulation.sent.count == 2)
        #expect(simulation.completions.map(\.asker).sorted() == [1, 2, 3, 4])
        #expect(simulation.core.statistics.joins == 2)
    }

    @Test func `DO, CD and class make questions different`() {
        let simulation = Simulation(dead)
        var other = question("www.example.com.")
        simulation.ask(other)
        other.dnssecOK = true
        simulation.ask(other)
        other.checkingDisabled = true
        simulation.ask(other)
        other.question.recordClass = .chaos
        simulation.ask(other)
        #expect(simulation.core.statistics.questionsInFlight == 4)
    }

    @Test func `beyond the limit of questions there is SERVFAIL at once, and a count`() {
        let simulation = Simulation(dead, configure: { $0.limits.questionsInFlight = 3 })
        for index in 0..<5 { simulation.ask(question("n\(index).example.")) }
        #expect(simulation.completions.map(\.asker) == [4, 5])
        #expect(simulation.completions.allSatisfy { $0.answer.responseCode == .serverFailure })
        #expect(simulation.core.statistics.rejects == 2)
        simulation.run(until: .seconds(5))
        #expect(simulation.completions.count == 5)
    }

    @Test func `beyond the limit of askers of one question there is SERVFAIL at once`() {
        let simulation = Simulation(dead, configure: { $0.limits.waitersPerQuestion = 2 })
        for _ in 0..<3 { simulation.ask(question("www.example.")) }
        #expect(simulation.completions.map(\.asker) == [3])
        #expect(simulation.core.statistics.rejects == 1)
    }

    @Test func `own names are never asked`() throws {
        let zone = try #require(DomainName("cluster.local."))
        let simulation = Simulation(
            good, configure: { $0 = ForwarderConfiguration(upstreams: $0.upstreams) { $0.isWithin(zone) } })
        let done = try #require(simulation.answer(question("a.default.svc.Cluster.Local.")))
        #expect(done.answer.responseCode == .serverFailure)
        #expect(simulation.sent.isEmpty)
    }

    @Test(arguments: [ResponseCode.noError, .nameError])
    func `a chain of aliases ends at an own name`(code: ResponseCode) throws {
        let zone = try #require(DomainName("cluster.local."))
        let chain = [alias("www.example.", "web.example."), alias("web.example.", "web.default.svc.cluster.local.")]
        let simulation = Simulation({ query in
            let forged = record("web.default.svc.cluster.local.", "198.51.100.66")
            return [.reply(query.answer(chain + [forged], code: code, authorities: [soa(".")]))]
        }, configure: { $0 = ForwarderConfiguration(upstreams: $0.upstreams) { $0.isWithin(zone) } })
        let done = try #require(simulation.answer(question("www.example.")))
        #expect(done.answer == ForwardedAnswer(responseCode: .noError, answers: chain))
        #expect(simulation.sent.count == 1)
    }

    @Test func `an alias without its target is followed`() throws {
        let simulation = Simulation({ query in
            query.question.name == DomainName("www.example.")
                ? [.reply(query.answer([alias("www.example.", "web.example.")]))]
                : [.reply(query.address())]
        })
        let done = try #require(simulation.answer(question("www.example.")))
        #expect(done.answer.answers == [alias("www.example.", "web.example."), record("web.example.", "192.0.2.1")])
    }

    @Test func `the response code at the end of a chain is handed on`() throws {
        let simulation = Simulation({ query in
            query.question.name == DomainName("www.example.")
                ? [.reply(query.answer([alias("www.example.", "web.example.")]))]
                : [.reply(query.answer(code: .nameError, authorities: [soa("example.")]))]
        })
        let done = try #require(simulation.answer(question("www.example.")))
        #expect(done.answer.responseCode == .nameError)
        #expect(done.answer.answers == [alias("www.example.", "web.example.")])
    }

    @Test(arguments: [1, 2, 40]) func `aliases in a circle, or without end, become SERVFAIL`(length: Int) throws {
        func target(_ name: DomainName) -> String {
            let number = Int(String("\(name)".dropFirst().prefix { $0 != "." })) ?? 0
            return "n\((number + 1) % length).example."
        }
        let one = Simulation({ query in
            [.reply(query.answer([alias("\(query.question.name)", target(query.question.name))]))]
        })
        let stepwise = try #require(one.answer(question("n0.example.")))
        #expect(stepwise.answer.responseCode == .serverFailure)
        #expect(one.sent.count <= ForwarderLimits().aliases + 1)
        let all = Simulation({ query in
            [.reply(query.answer((0..<length).map { alias("n\($0).example.", "n\(($0 + 1) % length).example.") }))]
        })
        let atOnce = try #require(all.answer(question("n0.example.")))
        #expect(atOnce.answer.responseCode == .serverFailure)
    }

    @Test func `the longest stub domain decides, and its names go nowhere else`() throws {
        let simulation = Simulation(good, good, good, configure: { configuration in
            configuration = ForwarderConfiguration(
                upstreams: [Simulation.address(0)],
                stubDomains: [
                    StubDomain(domain: DomainName("acme.local.") ?? .root, upstreams: [Simulation.address(1)]),
                    StubDomain(domain: DomainName("lab.acme.local.") ?? .root, upstreams: [Simulation.address(2)]),
                    StubDomain(domain: DomainName("empty.local.") ?? .root, upstreams: []),
                ])
        })
        for (name, upstream) in [
            ("www.example.", 0), ("acme.local.", 1), ("a.b.Acme.Local.", 1), ("x.lab.acme.local.", 2), ("xacme.local.", 0),
        ] {
            _ = simulation.answer(question(name))
            #expect(simulation.sent.last?.query.attempt.upstream == upstream, "\(name)")
        }
        let none = try #require(simulation.answer(question("www.empty.local.")))
        #expect(none.answer.extendedErrorCode == 22)
    }

    @Test func `without upstreams there is SERVFAIL, not silence`() throws {
        let done = try #require(Simulation().answer(question("www.example.")))
        #expect(done.at == .zero)
        #expect(done.answer.responseCode == .serverFailure)
        #expect(done.answer.extendedErrorCode == 22)
    }

    @Test func `the loop token goes to upstreams nearby, and is known again`() throws {
        let simulation = Simulation(good)
        _ = simulation.answer(question("www.example."))
        let options = try #require(simulation.sent.first?.query.message.edns?.options)
        #expect(simulation.core.loopGuard.recognises(options))
        #expect(!Simulation(good, seed: 2).core.loopGuard.recognises(options))
        let far = try UpstreamAddress("8.8.8.8")
        let distant = Simulation(good, configure: { $0.upstreams = [far] })
        _ = distant.answer(question("www.example."))
        #expect(distant.sent.first?.query.message.edns?.options == [])
    }

    @Test func `a repeated query leaves the token away`() throws {
        let simulation = Simulation(dead)
        _ = simulation.answer(question("www.example."))
        #expect(simulation.sent.map { $0.query.message.edns?.options.count } .prefix(2) == [1, 0])
    }

    @Test func `an answer that has expired is given after 1.8 s, and renewed behind it`() throws {
        var isSlow = false
        let simulation = Simulation({ [.reply($0.address(timeToLive: 10), after: isSlow ? .seconds(3) : .milliseconds(5))] })
        _ = simulation.answer(question("www.example."))
        simulation.run(until: .seconds(60))
        isSlow = true
        let asker = simulation.ask(question("www.example."))
        simulation.run(until: .seconds(64))
        let done = try #require(simulation.completions.first { $0.asker == asker })
        #expect(done.at == .milliseconds(61_800))
        #expect(done.answer.extendedErrorCode == 3)
        #expect(done.answer.answers == [record("www.example.", "192.0.2.1", timeToLive: 30)])
        #expect(simulation.cached(question("www.example."))?.answers.first?.timeToLive == 9)
        #expect(simulation.cache.statistics.servedStale == 1)
    }

    @Test(arguments: [ResponseCode.serverFailure, .refused])
    func `an answer that has expired stands in for a failure`(code: ResponseCode) throws {
        var fails = false
        let simulation = Simulation({ [.reply(fails ? $0.answer(code: code) : $0.address(timeToLive: 10))] })
        _ = simulation.answer(question("www.example."))
        simulation.run(until: .seconds(60))
        fails = true
        let asker = simulation.ask(question("www.example."))
        simulation.run(until: .milliseconds(60_100))
        let done = try #require(simulation.completions.first { $0.asker == asker })
        #expect(done.answer.extendedErrorCode == 3)
        // For the next seconds without asking anybody, then they are asked again.
        #expect(simulation.cached(question("www.example."))?.extendedErrorCode == 3)
        simulation.run(until: .seconds(66))
        #expect(simulation.cached(question("www.example.")) == nil)
        // An hour later it is of no use any more.
        simulation.run(until: .seconds(3700))
        let late = try #require(simulation.answer(question("www.example.")))
        #expect(late.answer.responseCode == code)
    }

    @Test func `a popular answer near its end is renewed before it ends`() {
        var count: UInt32 = 0
        let simulation = Simulation({ query in
            count += 1
            return [.reply(query.address("192.0.2.\(count)", timeToLive: 100))]
        })
        _ = simulation.answer(question("www.example."))
        for second in [20, 40, 60, 80] {
            simulation.run(until: .seconds(second))
            #expect(simulation.cached(question("www.example.")) != nil)
        }
        #expect(simulation.sent.count == 1)
        simulation.run(until: .seconds(95))
        #expect(simulation.cached(question("www.example."))?.answers.first?.data == record("a.", "192.0.2.1").data)
        #expect(simulation.cached(question("www.example.")) != nil, "asked ahead once only")
        simulation.run(until: .seconds(101))
        #expect(simulation.sent.count == 2)
        let renewed = simulation.cached(question("www.example."))
        #expect(renewed?.answers == [record("www.example.", "192.0.2.2", timeToLive: 95)])
        #expect(simulation.cache.statistics.prefetches == 1)
    }

    @Test func `an address given beside an answer does not speak for an own name`() throws {
        let zone = try #require(DomainName("cluster.local."))
        let service = ResourceRecord(
            name: try #require(DomainName("_a._tcp.example.")), timeToLive: 60,
            data: .srv(
                ServiceLocation(priority: 0, weight: 1, port: 80, target: try #require(DomainName("web.cluster.local.")))))
        let simulation = Simulation(
            { query in
                var answer = query.answer([service])
                answer.additionals = [record("web.cluster.local.", "198.51.100.66"), record("other.example.", "192.0.2.9")]
                return [.reply(answer)]
            }, configure: { $0 = ForwarderConfiguration(upstreams: $0.upstreams) { $0.isWithin(zone) } })
        let done = try #require(simulation.answer(question("_a._tcp.example.", .srv)))
        #expect(done.answer.answers == [service])
        #expect(done.answer.additionals.isEmpty)
    }

    @Test func `the end answers everybody and closes every socket`() {
        let simulation = Simulation(dead)
        for index in 0..<3 { simulation.ask(question("n\(index).example.")) }
        simulation.shutDown()
        #expect(simulation.completions.count == 3)
        #expect(simulation.cancelled.count == 3)
        simulation.ask(question("late.example."))
        #expect(simulation.completions.last?.answer.extendedErrorCode == 14)
        simulation.run(until: .seconds(10))
        #expect(simulation.completions.count == 4)
    }
}
