import DNSWire
import NetworkTypes
import Testing

@testable import DNSServer

private let second: UInt64 = 1_000_000_000
private let client = IPAddress(v4: 0x0A00_0001)

@Suite struct NameErrorLimiterTests {
    @Test func `a quiet client gets its burst, then its rate`() {
        var limiter = NameErrorLimiter(NameErrorLimit(rate: 10, burst: 20, truncationInterval: 0))
        let first = (0..<100).count { _ in limiter.decide(client, now: second) == .answer }
        #expect(first == 20)
        // Ten seconds of a hundred questions each.
        let later = (0..<1000).count { limiter.decide(client, now: second + UInt64($0) * second / 100) == .answer }
        #expect((98...101).contains(later))
        let rested = (0..<100).count { _ in limiter.decide(client, now: 1000 * second) == .answer }
        #expect(rested == 20)
    }

    @Test func `beyond the limit the first and every n-th answer is truncated`() {
        var limiter = NameErrorLimiter(NameErrorLimit(rate: 1, burst: 1, truncationInterval: 4))
        let verdicts = (0..<10).map { _ in limiter.decide(client, now: 0) }
        #expect(verdicts == [.answer, .truncate, .drop, .drop, .drop, .truncate, .drop, .drop, .drop, .truncate])
    }

    @Test(arguments: [
        ("10.0.0.1", "10.0.0.2", false), ("fd00::1", "fd00::ffff:1", true), ("fd00::1", "fd00:0:0:1::1", false),
        ("0.0.0.1", "0:0:0:1::", false),
    ])
    func `an IPv4 address or an IPv6 64 is one client`(a: String, b: String, same: Bool) throws {
        var limiter = NameErrorLimiter(NameErrorLimit(rate: 1, burst: 1, truncationInterval: 0))
        let (a, b) = (try #require(IPAddress(a)), try #require(IPAddress(b)))
        let verdicts = [limiter.decide(a, now: 0), limiter.decide(b, now: 0)]
        #expect(verdicts == [.answer, same ? .drop : .answer])
    }

    @Test func `a flood of addresses takes no more memory, and a limited client stays limited`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = RotationSource(seed: seed)
        var limiter = NameErrorLimiter(NameErrorLimit(rate: 1, burst: 100, clientLimit: 64), seed: seed)
        #expect(limiter.capacity == 64)
        for _ in 0..<1000 { _ = limiter.decide(client, now: second) }
        for _ in 0..<10_000 { _ = limiter.decide(IPAddress(v4: random.next() | 0x8000_0000), now: second) }
        #expect(limiter.clientCount <= 64)
        // The flood's clients have more answers left than this one: they go first.
        let verdict = limiter.decide(client, now: second)
        #expect(verdict != .answer)
    }

    @Test func `a responder withholds NXDOMAIN over UDP only, and counts`() throws {
        var options = ResponderOptions()
        options.nameErrorLimit = NameErrorLimit(rate: 1, burst: 5, truncationInterval: 4)
        let statistics = ServerStatistics()
        var responder = Responder(options: options, statistics: statistics, seed: 1)
        let zone = SmallCluster.zone()
        let missing = WireQuery("nobody.default.svc.cluster.local", .a, edns: 1232)
        var replies: [WireReply] = []
        for _ in 0..<14 { if let reply = try responder.reply(missing.bytes, zone).0 { replies.append(reply) } }
        #expect(replies.map(\.code) == [3, 3, 3, 3, 3, 0, 0, 0])
        #expect(replies.map(\.isTruncated) == [false, false, false, false, false, true, true, true])
        #expect(replies.suffix(3).allSatisfy { $0.answers.isEmpty && $0.authorities.isEmpty && $0.opt != nil })
        for query in [WireQuery("api.default.svc.cluster.local"), WireQuery("api.default.svc.cluster.local", .txt)] {
            let reply = try responder.reply(query.bytes, zone).0
            #expect(reply?.code == 0)
        }
        let overTCP = try responder.reply(missing.bytes, zone, transport: .tcp).0
        #expect(overTCP?.code == 3)
        responder.beginBatch(at: .now + .seconds(3))
        let rested = try responder.reply(missing.bytes, zone).0
        #expect(rested?.code == 3)
        let totals = ServerStatistics.totals(of: [statistics])
        #expect(totals.withheldNameErrors == 6)
        #expect(totals.truncatedNameErrors == 3)
    }
}
