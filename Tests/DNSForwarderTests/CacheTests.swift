import DNSWire
import NetworkTypes
import RandomTesting
import Testing

@testable import DNSForwarder

@Suite struct CacheTests {
    struct LifetimeCase: CustomTestStringConvertible {
        var testDescription: String
        var answer: ForwardedAnswer
        var type = RecordType.a
        var policy = CachePolicy()
        /// Nil: not kept.
        var seconds: UInt32?
        var kind = CacheLifetime.Kind.success

        init(
            _ name: String, _ answer: ForwardedAnswer, type: RecordType = .a, _ seconds: UInt32?,
            _ kind: CacheLifetime.Kind = .success, policy: (inout CachePolicy) -> Void = { _ in }
        ) {
            (testDescription, self.answer, self.type, self.seconds, self.kind) = (name, answer, type, seconds, kind)
            policy(&self.policy)
        }
    }

    static let lifetimes: [LifetimeCase] = [
        .init("one record", positive(60), 60),
        .init("the least of several", .init(responseCode: .noError, answers: [alias("a.", "b."), record("b.", "::1", timeToLive: 7)]), type: .aaaa, 7),
        .init("0 is not kept", positive(0), nil),
        .init("0 is not kept, whatever the minimum", positive(0), nil) { $0.minimumTimeToLive = 5 },
        .init("the minimum raises", positive(2), 5) { $0.minimumTimeToLive = 5 },
        .init("the maximum lowers", positive(100_000), 3600),
        .init("the highest bit means 0", positive(0x8000_0001), nil),
        .init("NXDOMAIN by the SOA's minimum", negative(.nameError, 300, 60), 60, .denial),
        .init("NXDOMAIN by the SOA's own time", negative(.nameError, 20, 60), 20, .denial),
        .init("no data", negative(.noError, 300, 40), 40, .denial),
        .init("negative cap", negative(.nameError, 90_000, 90_000), 1800, .denial),
        .init("negative without SOA", .init(responseCode: .nameError), nil),
        .init("no data without SOA", .init(responseCode: .noError), nil),
        .init("SOA minimum 0", negative(.nameError, 300, 0), nil),
        .init(
            "alias before NXDOMAIN",
            .init(responseCode: .nameError, answers: [alias("a.", "b.", timeToLive: 9)], authorities: [soa(".")]), 9, .denial),
        .init("alias to an own name", .init(responseCode: .noError, answers: [alias("a.", "b.", timeToLive: 9)]), 9),
        .init("SERVFAIL", .init(responseCode: .serverFailure), 5, .denial),
        .init("SERVFAIL turned off", .init(responseCode: .serverFailure), nil) { $0.failureTimeToLive = 0 },
        .init("REFUSED", .init(responseCode: .refused), nil),
        .init("cache turned off", positive(60), nil) { $0.byteLimit = 0 },
    ]

    static func positive(_ time: UInt32) -> ForwardedAnswer {
        ForwardedAnswer(responseCode: .noError, answers: [record("www.example.", "192.0.2.1", timeToLive: time)])
    }

    static func negative(_ code: ResponseCode, _ time: UInt32, _ minimum: UInt32) -> ForwardedAnswer {
        ForwardedAnswer(responseCode: code, authorities: [soa("example.", timeToLive: time, minimum: minimum)])
    }

    @Test(arguments: lifetimes) func `how long an answer is kept`(row: LifetimeCase) {
        let asked = Question(name: DomainName("www.example.") ?? .root, type: row.type)
        let lifetime = CacheLifetime(of: row.answer, to: asked, policy: row.policy)
        #expect(lifetime?.seconds == row.seconds)
        if lifetime != nil { #expect(lifetime?.kind == row.kind) }
    }

    @Test func `a class other than the internet's is not kept`() {
        let asked = Question(name: .root, type: .a, recordClass: .chaos)
        #expect(CacheLifetime(of: Self.positive(60), to: asked, policy: CachePolicy()) == nil)
    }

    private func shard(_ change: (inout CachePolicy) -> Void = { _ in }) -> CacheShard {
        var policy = CachePolicy()
        change(&policy)
        return CacheShard(policy: policy, byteLimit: policy.byteLimit)
    }

    @Test func `times count down until the end, each record its own`() {
        var cache = shard()
        let asked = question("a.")
        let answer = ForwardedAnswer(
            responseCode: .noError, answers: [alias("a.", "b.", timeToLive: 5000), record("b.", "192.0.2.1", timeToLive: 10)])
        cache.store(answer, for: asked, now: .seconds(100))
        for (at, times) in [(100.0, [3600, 10]), (100.9, [3600, 10]), (105, [3595, 5]), (109.9, [3591, 1])] {
            let hit = cache.hit(asked, now: .seconds(at))
            #expect(hit?.answer.answers.map(\.timeToLive) == times.map { UInt32($0) }, "\(at)")
        }
        #expect(cache.hit(asked, now: .seconds(110)) == nil)
        #expect(cache.statistics.successHits == 4)
        #expect(cache.statistics.misses == 1)
    }

    @Test func `a negative answer's SOA lives as long as the answer`() {
        var cache = shard()
        cache.store(Self.negative(.nameError, 300, 60), for: question("a."), now: .zero)
        let hit = cache.hit(question("a."), now: .seconds(20))
        #expect(hit?.answer.authorities.map(\.timeToLive) == [40])
        #expect(cache.statistics.denialHits == 1)
    }

    @Test func `case does not count in the key; type, DO, CD do`() {
        var cache = shard()
        var asked = question("WWW.Example.")
        cache.store(Self.positive(60), for: asked, now: .zero)
        #expect(cache.hit(question("www.example."), now: .zero) != nil)
        #expect(cache.hit(question("www.example.", .aaaa), now: .zero) == nil)
        asked.dnssecOK = true
        #expect(cache.hit(asked, now: .zero) == nil)
        (asked.dnssecOK, asked.checkingDisabled) = (false, true)
        #expect(cache.hit(asked, now: .zero) == nil)
    }

    @Test func `a newer answer takes the place, and one that may not be kept leaves none`() {
        var cache = shard()
        cache.store(Self.positive(60), for: question("a."), now: .zero)
        cache.store(Self.positive(600), for: question("a."), now: .seconds(1))
        #expect(cache.hit(question("a."), now: .seconds(1))?.answer.answers[0].timeToLive == 600)
        #expect(cache.statistics.successEntries == 1)
        cache.store(Self.positive(0), for: question("a."), now: .seconds(2))
        #expect(cache.hit(question("a."), now: .seconds(2)) == nil)
        #expect(cache.statistics.bytes == 0)
        #expect(cache.statistics.drops == 1)
    }

    @Test func `a failure is kept for 5 s, and never over an answer`() {
        var cache = shard()
        let failure = ForwardedAnswer(responseCode: .serverFailure)
        cache.store(failure, for: question("a."), now: .zero)
        #expect(cache.hit(question("a."), now: .seconds(4))?.answer == failure)
        #expect(cache.hit(question("a."), now: .seconds(5)) == nil)
        #expect(!cache.hasStale(question("a."), now: .seconds(6)))
        cache.store(Self.positive(60), for: question("b."), now: .zero)
        cache.store(failure, for: question("b."), now: .seconds(1))
        #expect(cache.hit(question("b."), now: .seconds(2))?.answer.responseCode == .noError)
    }

    /// Seeded: any mix of names and sizes stays within the limit, and the accounts agree.
    @Test(arguments: 0..<5) func `bytes stay within the limit`(seed: UInt64) {
        var dice = SplitMix64(seed: seed)
        var cache = shard { $0.byteLimit = 64 << 10 }
        for step in 0..<5000 {
            let asked = question("n\(Int.random(in: 0..<2000, using: &dice)).example.", .txt)
            let text = [UInt8](repeating: 65, count: Int.random(in: 0...200, using: &dice))
            let texts = [[UInt8]](repeating: text, count: Int.random(in: 1...120, using: &dice))
            let record = ResourceRecord(
                name: asked.question.name, timeToLive: UInt32.random(in: 0...100, using: &dice), data: .txt(texts))
            cache.store(.init(responseCode: .noError, answers: [record]), for: asked, now: .milliseconds(step * 10))
            #expect(cache.statistics.bytes <= 64 << 10, "seed \(seed)")
            #expect(cache.statistics.bytes >= cache.statistics.successEntries * CachedAnswer.entryOverhead)
        }
        #expect(cache.statistics.evictions > 0)
        #expect(cache.statistics.drops > 0)
    }

    @Test func `an answer that is used outlives those that are not`() {
        var cache = shard { $0.byteLimit = 64 << 10 }
        let popular = question("popular.example.")
        cache.store(Self.positive(3600), for: popular, now: .zero)
        for step in 0..<5000 {
            cache.store(Self.positive(3600), for: question("n\(step).example."), now: .zero)
            if step.isMultiple(of: 20) { #expect(cache.hit(popular, now: .zero) != nil, "\(step)") }
        }
        #expect(cache.statistics.evictions > 4000)
    }

    @Test func `many threads share a cache`() async {
        var policy = CachePolicy()
        policy.byteLimit = 2 << 20
        let cache = AnswerCache(policy: policy)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for step in 0..<2000 {
                        let asked = question("n\((step * 7 + worker) % 500).example.")
                        cache.store(Self.positive(60), for: asked, now: .zero)
                        _ = cache.hit(asked, now: .zero)
                    }
                }
            }
        }
        #expect(cache.statistics.requests == 8000)
        #expect(cache.statistics.successEntries == 500)
    }
}
