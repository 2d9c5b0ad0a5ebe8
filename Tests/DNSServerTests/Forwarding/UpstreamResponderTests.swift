import ClusterZone
import DNSForwarder
import DNSWire
import NetworkTypes
import Synchronization
import Testing

@testable import DNSServer

@Suite struct UpstreamResponderTests {
    /// Knows one name by heart, asks for the others, and keeps what it was asked.
    private final class ScriptedForwarder: QuestionForwarder {
        let asked = Mutex<[String]>([])

        func cached(_ question: ForwardedQuestion) -> ForwardedAnswer? {
            question.question.name == DomainName("known.example.") ? ForwardedAnswer(responseCode: .nameError) : nil
        }

        func resolve(
        _ question: ForwardedQuestion, client: IPAddress?, completion: @escaping @Sendable (ForwardedAnswer) -> Void
    ) {
            asked.withLock { $0.append(question.question.name.description) }
            completion(ForwardedAnswer(responseCode: .noError))
        }

        func isOwnQuery(_ options: [EDNSOption]) -> Bool { options.contains { $0.code == 65001 } }
    }

    private final class Replies: ReplyPath {
        let messages = Mutex<[Message]>([])

        func send(_ message: [UInt8]) {
            guard let message = try? Message(decoding: message) else { return }
            messages.withLock { $0.append(message) }
        }
    }

    private static func settings() throws -> ZoneSettings {
        let ranges = ["10.96.0.0/12", "10.244.3.0/24", "fd00:10:96::/112"].compactMap { IPPrefix($0) }
        return ZoneSettings(domain: try #require(DomainName("cluster.local.")), reverseRanges: ranges)
    }

    /// What the client gets, and what other servers were asked.
    private func outcome(_ text: String, edns: EDNS? = nil) throws -> (reply: Message, asked: [String]) {
        let forwarder = ScriptedForwarder()
        let replies = Replies()
        let responder = UpstreamResponder(
            forwarder: forwarder, zones: ZonePublisher(ZoneTree(settings: try Self.settings()).zone), options: ResponderOptions(),
            statistics: ServerStatistics())
        var request = ForwardRequest.test(id: 7, client: IPAddress(v4: 1))
        request.question.name = try #require(DomainName(text))
        request.forwarded.question.name = request.question.name
        request.edns = edns
        responder.forward(request, reply: replies)
        let reply = try #require(replies.messages.withLock { $0 }.first)
        return (reply, forwarder.asked.withLock { $0 })
    }

    @Test func `what the cache knows is answered without asking`() throws {
        let (reply, asked) = try outcome("known.example.")
        #expect(reply.responseCode == .nameError)
        #expect(asked.isEmpty)
    }

    @Test func `what it does not know is asked`() throws {
        let (reply, asked) = try outcome("www.example.")
        #expect(reply.responseCode == .noError)
        #expect(asked == ["www.example."])
    }

    @Test func `a query that comes back to its sender is not sent out again`() throws {
        let (reply, asked) = try outcome("www.example.", edns: EDNS(options: [EDNSOption(code: 65001, data: [])]))
        #expect(reply.responseCode == .serverFailure)
        #expect(asked.isEmpty)
    }

    @Test(arguments: [
        "cluster.local.", "a.b.svc.CLUSTER.local.", "1.0.96.10.in-addr.arpa.", "96.10.in-addr.arpa.",
        "111.10.IN-ADDR.arpa.", "foo.1.0.96.10.in-addr.arpa.", "x.96.10.in-addr.arpa.", "9.3.244.10.in-addr.arpa.",
        "3.244.10.in-addr.arpa.",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.F.ip6.arpa.",
    ])
    func `a name of our own is never forwarded`(text: String) throws {
        let (reply, asked) = try outcome(text, edns: EDNS())
        #expect(asked.isEmpty)
        #expect(reply.responseCode == .serverFailure)
        #expect(reply.edns?.options.first?.code == EDNSOption.extendedError)
    }

    @Test(arguments: [
        ".", "local.", "xcluster.local.", "cluster.local.example.", "10.in-addr.arpa.", "112.10.in-addr.arpa.",
        "4.244.10.in-addr.arpa.", "244.10.in-addr.arpa.", "01.96.11.in-addr.arpa.", "in-addr.arpa.", "arpa.",
        "8.8.8.8.in-addr.arpa.", "0.0.d.f.ip6.arpa.", "096.10.in-addr.arpa.",
    ])
    func `every other name may be`(text: String) throws {
        let (_, asked) = try outcome(text)
        #expect(asked.count == 1)
    }
}
