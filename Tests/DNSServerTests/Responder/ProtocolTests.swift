import ClusterZone
import DNSForwarder
import DNSWire
import Testing

@testable import DNSServer

/// A request that is wrong or odd, and what comes back: the code, or nothing.
struct ProtocolCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let code: Int?
    /// Nil: whatever.
    var repeatsQuestion: Bool?

    init(_ name: String, _ bytes: [UInt8], _ code: ResponseCode?, question: Bool? = nil) {
        testDescription = name
        self.bytes = bytes
        self.code = code.map { Int($0.rawValue) }
        repeatsQuestion = question
    }

    init(_ name: String, _ code: ResponseCode?, question: Bool? = nil, _ change: (inout WireQuery) -> Void) {
        var query = WireQuery("api.default.svc.cluster.local")
        change(&query)
        self.init(name, query.bytes, code, question: question)
    }
}

private let record: [UInt8] = [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 1, 2, 3, 4]
private let whole = WireQuery("api.default.svc.cluster.local").bytes

private let cases: [ProtocolCase] = [
    ProtocolCase("nothing", [], nil), ProtocolCase("11 bytes", Array(whole.prefix(11)), nil),
    ProtocolCase("a response", nil) { $0.flags |= 0x8000 },
    ProtocolCase("header only", Array(whole.prefix(12)), .formatError, question: false),
    ProtocolCase("no question", .formatError, question: false) { $0.counts[0] = 0 },
    ProtocolCase("two questions", .formatError, question: false) { $0.counts[0] = 2 },
    ProtocolCase("IQUERY", .notImplemented, question: false) { $0.flags |= 1 << 11 },
    ProtocolCase("STATUS", .notImplemented) { $0.flags |= 2 << 11 },
    ProtocolCase("NOTIFY", .notImplemented) { $0.flags |= 4 << 11 },
    ProtocolCase("UPDATE", .notImplemented) { $0.flags |= 5 << 11 },
    ProtocolCase("opcode 15", .notImplemented) { $0.flags |= 15 << 11 },
    ProtocolCase("question without class", Array(whole.dropLast(2)), .formatError, question: false),
    ProtocolCase("question without type", Array(whole.dropLast(4)), .formatError),
    ProtocolCase("name without its end", Array(whole.prefix(20)), .formatError),
    ProtocolCase("pointer to itself", .formatError, question: false) { $0.name = [0xC0, 12] },
    ProtocolCase("pointer into the header", .formatError) { $0.name = [1, 97, 0xC0, 0] },
    ProtocolCase("label type 01", .formatError) { $0.name = [0x41, 97, 0] },
    ProtocolCase("label type 10", .formatError) { $0.name = [0x81, 97, 0] },
    ProtocolCase("name of 255 bytes", .refused, question: true) {
        $0.name = Array(repeating: [UInt8(63)] + Array(repeating: 97, count: 63), count: 3).flatMap { $0 } + [61]
            + Array(repeating: 97, count: 61) + [0]
    },
    ProtocolCase("name of 256 bytes", .formatError, question: false) {
        $0.name = Array(repeating: [UInt8(63)] + Array(repeating: 97, count: 63), count: 3).flatMap { $0 } + [62]
            + Array(repeating: 97, count: 62) + [0]
    },
    ProtocolCase("label with a NUL and a dot", .nameError) { $0.name = [2, 0, 46] + (DomainName("cluster.local")?.wire ?? []) },
    ProtocolCase("one answer", .noError) { ($0.counts[1], $0.tail) = (1, record) },
    ProtocolCase("two answers", .formatError, question: true) { ($0.counts[1], $0.tail) = (2, record + record) },
    ProtocolCase("two authorities", .formatError) { ($0.counts[2], $0.tail) = (2, record + record) },
    ProtocolCase("three additionals", .formatError) { ($0.counts[3], $0.tail) = (3, record + record + record) },
    ProtocolCase("a record that is cut off", .formatError) { ($0.counts[3], $0.tail) = (1, Array(record.dropLast())) },
    ProtocolCase("a record that is missing", .formatError) { $0.counts[3] = 1 },
    ProtocolCase("bytes after the end", .noError) { $0.tail = [1, 2, 3] },
    ProtocolCase("OPT", .noError) { ($0.counts[3], $0.tail) = (1, WireQuery.opt()) },
    ProtocolCase("OPT with version 1", .badVersion, question: true) {
        ($0.counts[3], $0.tail) = (1, WireQuery.opt(version: 1))
    },
    ProtocolCase("two OPT", .formatError) { ($0.counts[3], $0.tail) = (2, WireQuery.opt() + WireQuery.opt()) },
    ProtocolCase("OPT of another owner", .formatError) { ($0.counts[3], $0.tail) = (1, WireQuery.opt(owner: [1, 97, 0])) },
    ProtocolCase("OPT in Answer", .formatError) { ($0.counts[1], $0.tail) = (1, WireQuery.opt()) },
    ProtocolCase("OPT with an unknown option", .noError) {
        ($0.counts[3], $0.tail) = (1, WireQuery.opt(options: [0xFD, 0xE9, 0, 2, 1, 2]))
    },
    ProtocolCase("OPT with an option that is cut off", .formatError) {
        ($0.counts[3], $0.tail) = (1, WireQuery.opt(options: [0xFD, 0xE9, 0, 3, 1, 2]))
    },
    ProtocolCase("a client's cookie", .noError) {
        ($0.counts[3], $0.tail) = (1, WireQuery.opt(options: [0, 10, 0, 8] + Array(repeating: 1, count: 8)))
    },
    ProtocolCase("a cookie of 9 bytes", .formatError) {
        ($0.counts[3], $0.tail) = (1, WireQuery.opt(options: [0, 10, 0, 9] + Array(repeating: 1, count: 9)))
    },
    ProtocolCase("class CH", .refused) { $0.recordClass = 3 }, ProtocolCase("class ANY", .refused) { $0.recordClass = 255 },
    ProtocolCase("class 0", .refused) { $0.recordClass = 0 }, ProtocolCase("AXFR", .refused) { $0.type = 252 },
    ProtocolCase("IXFR", .refused) { $0.type = 251 }, ProtocolCase("type 0", .noError) { $0.type = 0 },
    ProtocolCase("type 65535", .noError) { $0.type = 65535 },
]

@Suite struct ProtocolTests {
    @Test("odd requests", arguments: cases) func oddRequests(_ item: ProtocolCase) throws {
        let reply = try SmallCluster.reply(item.bytes, SmallCluster.zone())
        #expect(reply?.code == item.code)
        guard let reply else { return }
        #expect(reply.flags & 0x8000 != 0)
        #expect(Array(reply.bytes.prefix(2)) == Array(item.bytes.prefix(2)))
        if let repeats = item.repeatsQuestion { #expect(reply.question.isEmpty != repeats) }
    }

    @Test("RD and CD come back, AD and Z do not", arguments: [UInt16(0), 0x0100, 0x0010, 0x0110, 0x0170, 0x0020, 0x0040, 0x0600])
    func rdAndCDComeBack(_ flags: UInt16) throws {
        for recursion in [false, true] {
            var query = WireQuery("api.default.svc.cluster.local")
            query.flags = flags
            var options = ResponderOptions()
            options.offersRecursion = recursion
            let reply = try #require(try SmallCluster.reply(query.bytes, SmallCluster.zone(), options))
            #expect(reply.flags == 0x8400 | flags & 0x0110 | (recursion ? 0x80 : 0))
        }
    }

    @Test("OPT says what this server takes, and DO as the client") func optSaysWhatThisServer() throws {
        for (payload, dnssecOK) in [(UInt16(0), false), (512, true), (4096, true)] {
            let query = WireQuery("api.default.svc.cluster.local", .a, edns: payload, dnssecOK: dnssecOK)
            let reply = try #require(try SmallCluster.reply(query.bytes, SmallCluster.zone()))
            let opt = try #require(reply.opt)
            #expect(opt.payload == 1232)
            #expect(opt.dnssecOK == dnssecOK)
            #expect(opt.options.isEmpty)
        }
    }

    @Test("the version is told only where that is wanted") func theVersionIsToldOnly() throws {
        var query = WireQuery("VERSION.bind", .txt)
        query.recordClass = 3
        var options = ResponderOptions()
        options.versionText = "fairway"
        let reply = try #require(try SmallCluster.reply(query.bytes, SmallCluster.zone(), options))
        #expect(reply.answers == ["VERSION.bind. 0 TXT \"fairway\""])
        let silent = try #require(try SmallCluster.reply(query.bytes, SmallCluster.zone()))
        #expect(silent.code == 5)
    }

    @Test("ANY is HINFO where that is wanted") func anyIsHINFOWhereThat() throws {
        var options = ResponderOptions()
        options.answersAnyWithHINFO = true
        let query = WireQuery("api.default.svc.cluster.local", .any)
        let reply = try #require(try SmallCluster.reply(query.bytes, SmallCluster.zone(), options))
        #expect(reply.answers == ["api.default.svc.cluster.local. 30 HINFO \\# 9"])
        #expect(reply.authorities.isEmpty)
    }

    @Test("other names are handed on as they are") func otherNamesAreHandedOn() throws {
        var options = ResponderOptions()
        options.offersRecursion = true
        var responder = Responder(options: options, statistics: ServerStatistics())
        var query = WireQuery("WWW.example.com", .aaaa, edns: 4096, dnssecOK: true)
        query.flags = 0x0110
        let (reply, forwarded) = try responder.reply(query.bytes, SmallCluster.zone())
        #expect(reply == nil)
        let request = try #require(forwarded)
        #expect(request.question.name.description == "WWW.example.com.")
        #expect(request.forwarded.question == request.question)
        #expect(request.forwarded.dnssecOK && request.forwarded.checkingDisabled)
        #expect(request.sizeLimit == 1232)
        #expect(request.prefix.isEmpty)
        #expect(request.id == 0x1234)
    }

    @Test("a CNAME that leaves the zone is handed on with what leads there") func aCNAMEThatLeavesThe() throws {
        var options = ResponderOptions()
        options.offersRecursion = true
        var responder = Responder(options: options, statistics: ServerStatistics())
        let query = WireQuery("VIAOUT.default.svc.cluster.local", .a)
        let (_, forwarded) = try responder.reply(query.bytes, SmallCluster.zone())
        let request = try #require(forwarded)
        #expect(request.prefix.map { "\($0.name)" } == ["VIAOUT.default.svc.cluster.local.", "out.default.svc.cluster.local."])
        #expect(request.forwarded.question.name.description == "www.Example.com.")
        #expect(request.sizeLimit == 512)
        let (reply, none) = try responder.reply(WireQuery("out.default.svc.cluster.local", .cname).bytes, SmallCluster.zone())
        #expect(reply?.answers == ["out.default.svc.cluster.local. 30 CNAME www.Example.com."])
        #expect(none == nil)
    }

    @Test("random bytes never trap, and are answered with a whole message or not at all") func randomBytesNeverTrapAnd() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = RotationSource(seed: seed)
        var responder = Responder(options: ResponderOptions(), statistics: ServerStatistics())
        let zone = SmallCluster.zone()
        let names = ["web.default.svc.cluster.local", "1.0.96.10.in-addr.arpa", "1-2-3-4.default.pod.cluster.local"]
        for _ in 0..<20_000 {
            var bytes = WireQuery(names[Int(random.next() % 3)], .srv, edns: 512).bytes
            for _ in 0..<(1 + random.next() % 4) {
                bytes[Int(random.next()) % bytes.count] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.next() % 4 == 0 { bytes.removeLast(Int(random.next()) % bytes.count) }
            do { _ = try responder.reply(bytes, zone) } catch { Issue.record("seed \(seed): \(bytes)") }
        }
    }
}
