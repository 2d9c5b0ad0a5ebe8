import DNSWire
import Testing

struct SmokeTests {
    @Test func roundTrip() throws {
        let name = try #require(DomainName("www.example.com."))
        let message = Message(id: 7, questions: [Question(name: name, type: .a)],
            answers: [ResourceRecord(name: name, timeToLive: 5, data: .cname(try #require(DomainName("b.Example.com."))))],
            edns: EDNS(dnssecOK: true))
        let decoded = try Message(decoding: message.encoded())
        #expect(decoded == message)
    }
}
