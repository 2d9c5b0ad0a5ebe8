package import DNSForwarder
package import DNSWire
package import NetworkTypes

/// How a query came, which decides how much an answer may hold.
package enum QueryTransport: UInt8, Sendable, Hashable, BitwiseCopyable, CaseIterable {
    case udp
    case tcp
}

/// A query that other servers have to answer: what is needed for the reply, as a value.
package struct ForwardRequest: Sendable, Hashable {
    package var id: UInt16
    /// The client's: RD and CD go back as they came.
    package var flags: MessageFlags
    /// As the client asked, with its case; the reply repeats it.
    package var question: Question
    /// Nil: the reply has no OPT.
    package var edns: EDNS?
    /// Bytes of the reply at most.
    package var sizeLimit: Int
    package var transport: QueryTransport
    package var client: IPAddress
    /// Records of our own zone that lead to the name asked for: CNAMEs in order, first in the reply's Answer.
    package var prefix: [ResourceRecord]
    /// What other servers are asked: the question, or the last CNAME's target.
    package var forwarded: ForwardedQuestion
    /// More names to ask for, where `forwarded` does not exist; nil: it alone counts.
    package var walk: SearchWalk?
}

/// Where the reply to a forwarded query goes, from any thread and at any time: it is dropped where the way is closed.
package protocol ReplyPath: Sendable {
    /// One whole message, without TCP's length.
    func send(_ message: [UInt8])
}

/// Takes the queries that the zone does not answer. Called on a server's thread: must not block.
package protocol ForwardSink: Sendable {
    func forward(_ request: ForwardRequest, reply: any ReplyPath)
}
