import DNSForwarder
import DNSWire
import NetworkTypes
import Testing

@testable import DNSServer

/// What a client is told of what other servers said.
@Suite struct ForwardedReplyTests {
    private static func name(_ text: String) throws -> DomainName { try #require(DomainName(text)) }

    private static func address(_ owner: String, _ last: UInt32 = 1) throws -> ResourceRecord {
        ResourceRecord(name: try name(owner), timeToLive: 60, data: .address(IPAddress(v4: 0xC000_0200 + last)))
    }

    private static func alias(_ owner: String, _ target: String) throws -> ResourceRecord {
        ResourceRecord(name: try name(owner), timeToLive: 30, data: .cname(try name(target)))
    }

    private static func request(
        _ text: String, flags: MessageFlags = .recursionDesired, edns: EDNS? = nil, limit: Int = 512,
        prefix: [ResourceRecord] = [], target: String? = nil
    ) throws -> ForwardRequest {
        let question = Question(name: try name(text), type: .a)
        let asked = Question(name: try name(target ?? text), type: .a)
        return ForwardRequest(
            id: 0xABCD, flags: flags, question: question, edns: edns, sizeLimit: limit, transport: .udp,
            client: IPAddress(v4: 1), prefix: prefix,
            forwarded: ForwardedQuestion(question: asked, dnssecOK: edns?.dnssecOK ?? false))
    }

    /// The reply as the client decodes it.
    private static func reply(_ request: ForwardRequest, _ answer: ForwardedAnswer) throws -> Message {
        let bytes = ForwardedReply(request, answer, payloadLimit: 1232).bytes
        #expect(bytes.count <= request.sizeLimit)
        return try Message(decoding: bytes)
    }

    /// `==` of names does not look at case: this does.
    private static func owners(_ records: [ResourceRecord]) -> [String] { records.map(\.name.description) }

    @Test func `id, question in the client's case, RD and CD are the client's; RA is set, AA is not`() throws {
        for flags: MessageFlags in [[], .recursionDesired, .checkingDisabled, [.recursionDesired, .checkingDisabled]] {
            let request = try Self.request("wWw.Example.", flags: flags)
            let reply = try Self.reply(
                request, ForwardedAnswer(responseCode: .noError, answers: [try Self.address("www.example.")]))
            #expect(reply.id == 0xABCD)
            #expect(reply.flags == flags.union([.response, .recursionAvailable]))
            #expect(reply.questions.map(\.name.description) == ["wWw.Example."])
            #expect(Self.owners(reply.answers) == ["wWw.Example."])
            #expect(reply.edns == nil)
        }
    }

    struct AuthenticData: Sendable {
        var flags: MessageFlags
        var edns: EDNS?
        var upstream: Bool
        var expected: Bool
    }

    @Test(arguments: [
        AuthenticData(flags: [], edns: nil, upstream: true, expected: false),
        AuthenticData(flags: .authenticData, edns: nil, upstream: true, expected: true),
        AuthenticData(flags: .authenticData, edns: nil, upstream: false, expected: false),
        AuthenticData(flags: [], edns: EDNS(dnssecOK: true), upstream: true, expected: true),
        AuthenticData(flags: [], edns: EDNS(dnssecOK: false), upstream: true, expected: false),
    ])
    func `AD is the upstream's, for those who asked`(row: AuthenticData) throws {
        let request = try Self.request("www.example.", flags: row.flags, edns: row.edns)
        let reply = try Self.reply(request, ForwardedAnswer(responseCode: .noError, authenticData: row.upstream))
        #expect(reply.flags.contains(.authenticData) == row.expected)
    }

    @Test func `OPT only for a client that sent one: our size, its DO, the extended error`() throws {
        let client = EDNS(payloadSize: 4096, dnssecOK: true, options: [EDNSOption(code: 10, data: [1, 2])])
        let answer = ForwardedAnswer(responseCode: .serverFailure, extendedErrorCode: 22, extendedErrorText: "no answer")
        let reply = try Self.reply(try Self.request("www.example.", edns: client), answer)
        let expected = EDNS(
            payloadSize: 1232, dnssecOK: true,
            options: [EDNSOption(code: EDNSOption.extendedError, data: [0, 22] + Array("no answer".utf8))])
        #expect(reply.edns == expected)
        #expect(reply.responseCode == .serverFailure)
        let plain = try Self.reply(try Self.request("www.example."), answer)
        #expect(plain.edns == nil)
    }

    @Test func `a chain of aliases keeps its order, and its first owner the client's case`() throws {
        let answers = [
            try Self.alias("a.example.", "B.example."), try Self.alias("B.example.", "c.example."),
            try Self.address("c.example."),
        ]
        let reply = try Self.reply(
            try Self.request("A.eXample."), ForwardedAnswer(responseCode: .noError, answers: answers))
        #expect(reply.answers == answers)
        #expect(Self.owners(reply.answers).map { String($0.prefix(2)) } == ["A.", "B.", "c."])
    }

    @Test(arguments: [ResponseCode.noError, .nameError, .serverFailure])
    func `an ExternalName's alias stands in front, with AA and the upstream's response code`(code: ResponseCode) throws {
        let alias = try Self.alias("Db.default.svc.cluster.local.", "DB.example.")
        let answers = code == .noError ? [try Self.address("db.example.")] : []
        let request = try Self.request(
            "Db.default.svc.cluster.local.", flags: [.recursionDesired, .authenticData], prefix: [alias],
            target: "DB.example.")
        let reply = try Self.reply(
            request, ForwardedAnswer(responseCode: code, authenticData: true, answers: answers))
        #expect(reply.responseCode == code)
        #expect(reply.answers == [alias] + answers)
        #expect(Self.owners(reply.answers) == (code == .noError ? ["Db.default.svc.cluster.local.", "DB.example."] : ["Db.default.svc.cluster.local."]))
        #expect(reply.flags == [.response, .recursionDesired, .recursionAvailable, .authoritative])
    }

    @Test func `only answers that are left out set TC`() throws {
        let glue = try (0..<40).map { try Self.address("ns\($0).example.", UInt32($0)) }
        let few = ForwardedAnswer(
            responseCode: .noError, answers: [try Self.address("www.example.")], additionals: glue)
        let complete = try Self.reply(try Self.request("www.example."), few)
        #expect(!complete.flags.contains(.truncated))
        #expect(complete.answers.count == 1)
        #expect(complete.additionals.count < 40)

        let many = ForwardedAnswer(
            responseCode: .noError, answers: try (0..<100).map { try Self.address("www.example.", UInt32($0)) })
        let partial = try Self.reply(try Self.request("www.example.", edns: EDNS()), many)
        #expect(partial.flags.contains(.truncated))
        #expect(partial.answers.count > 20, "what fits is there: some clients use it")
        #expect(partial.edns != nil)

        var overTCP = try Self.request("www.example.", limit: 65535)
        overTCP.transport = .tcp
        let whole = try Self.reply(overTCP, many)
        #expect(!whole.flags.contains(.truncated))
        #expect(whole.answers.count == 100)
    }

    @Test func `a response code that needs EDNS is SERVFAIL for a client without`() throws {
        let reply = try Self.reply(try Self.request("www.example."), ForwardedAnswer(responseCode: .badVersion))
        #expect(reply.responseCode == .serverFailure)
    }
}
