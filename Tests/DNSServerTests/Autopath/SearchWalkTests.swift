import ClusterZone
import DNSForwarder
import DNSWire
import NetworkTypes
import Synchronization
import Testing

@testable import DNSServer

/// The part of a search that other servers decide.
@Suite struct SearchWalkTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var why: String
        /// By name and type; others do not exist.
        var world: [String: World.Answer]
        var type = RecordType.a
        var code: Int
        var target: String?
        var asked: [String]
        var testDescription: String { why }
    }

    @Test(arguments: [
        Row(why: "the first exists", world: ["x.y.one. A": .records], code: 0, target: "x.y.one.", asked: ["x.y.one. A"]),
        Row(why: "a name error leads on", world: ["x.y. A": .records], code: 0, target: "x.y.",
            asked: ["x.y.one. A", "x.y.two. A", "x.y. A"]),
        Row(why: "none exists", world: [:], code: 3, asked: ["x.y.one. A", "x.y.two. A", "x.y. A"]),
        Row(why: "NODATA with the other family ends",
            world: ["x.y.one. A": .none, "x.y.one. AAAA": .records, "x.y. A": .records], code: 0, target: "x.y.one.",
            asked: ["x.y.one. A", "x.y.one. AAAA"]),
        Row(why: "NODATA for both leads on", world: ["x.y.one. A": .none, "x.y. A": .records], code: 0, target: "x.y.",
            asked: ["x.y.one. A", "x.y.one. AAAA", "x.y.two. A", "x.y. A"]),
        Row(why: "NODATA is remembered", world: ["x.y.one. A": .none], code: 0,
            asked: ["x.y.one. A", "x.y.one. AAAA", "x.y.two. A", "x.y. A"]),
        Row(why: "the last may be NODATA", world: ["x.y. A": .none], code: 0, target: "x.y.",
            asked: ["x.y.one. A", "x.y.two. A", "x.y. A"]),
        Row(why: "a failure ends", world: ["x.y.two. A": .failure], code: 2, target: "x.y.two.",
            asked: ["x.y.one. A", "x.y.two. A"]),
        Row(why: "other types have no other family", world: ["x.y.one. TXT": .none], type: .txt, code: 0,
            asked: ["x.y.one. TXT", "x.y.two. TXT", "x.y. TXT"]),
    ])
    func `a walk goes as a resolver's`(row: Row) throws {
        let (_, forwarded) = try AutopathTests.ask("x.y", row.type, AutopathTests.options(hosts: ["one", "two"]))
        let world = World(row.world)
        let sink = UpstreamResponder(
            forwarder: world, zones: ZonePublisher(ZoneTree(settings: SmallCluster.settings()).zone), options: ResponderOptions(), statistics: ServerStatistics())
        let kept = Kept()
        sink.forward(try #require(forwarded), reply: kept)
        let messages = kept.messages.withLock { $0 }
        #expect(messages.count == 1)
        let reply = try WireReply(try #require(messages.first))
        #expect(reply.code == row.code)
        #expect(reply.id == 0x1234)
        #expect(reply.question.hasPrefix("x.y.default.svc.cluster.local. "))
        let asked = world.asked.withLock { $0 }
        #expect(asked == row.asked)
        let alias = reply.answers.first.map { String($0.split(separator: " ").last ?? "") }
        #expect(alias == row.target)
        if row.target == nil { #expect(reply.authorities == [AutopathTests.soa]) }
    }

    @Test func `NXDOMAIN of other servers counts against the client's limit too`() throws {
        var options = AutopathTests.options()
        options.nameErrorLimit = NameErrorLimit(rate: 1, burst: 2, truncationInterval: 0)
        let (_, forwarded) = try AutopathTests.ask("x.y", .a, options)
        let statistics = ServerStatistics()
        let sink = UpstreamResponder(
            forwarder: World([:]), zones: ZonePublisher(ZoneTree(settings: SmallCluster.settings()).zone), options: options, statistics: statistics)
        let kept = Kept()
        for _ in 0..<50 { sink.forward(try #require(forwarded), reply: kept) }
        let sent = kept.messages.withLock { $0 }.count
        let withheld = ServerStatistics.totals(of: [statistics]).withheldNameErrors
        #expect(sent + Int(withheld) == 50)
        #expect(withheld > 0)
    }
}

private final class Kept: ReplyPath {
    let messages = Mutex<[[UInt8]]>([])
    func send(_ message: [UInt8]) { messages.withLock { $0.append(message) } }
}

/// Other servers, as a table.
final class World: QuestionForwarder {
    enum Answer: Sendable {
        case records
        /// NODATA.
        case none
        case failure
    }

    let asked = Mutex<[String]>([])
    private let table: [String: Answer]

    init(_ table: [String: Answer]) { self.table = table }

    func cached(_ question: ForwardedQuestion) -> ForwardedAnswer? { nil }
    func isOwnQuery(_ options: [EDNSOption]) -> Bool { false }

    func resolve(
        _ question: ForwardedQuestion, client: IPAddress?, completion: @escaping @Sendable (ForwardedAnswer) -> Void
    ) {
        let (name, type) = (question.question.name, question.question.type)
        asked.withLock { $0.append("\(name) \(type)") }
        guard let answer = table["\(name) \(type)"] else { return completion(ForwardedAnswer(responseCode: .nameError)) }
        switch answer {
        case .records:
            let address = type == .a ? IPAddress(v4: 1) : IPAddress(bits: 1, family: .ipv6)
            let record = ResourceRecord(name: name, timeToLive: 60, data: .address(address))
            completion(ForwardedAnswer(responseCode: .noError, answers: [record]))
        case .none: completion(ForwardedAnswer(responseCode: .noError))
        case .failure: completion(ForwardedAnswer(responseCode: .serverFailure))
        }
    }
}
