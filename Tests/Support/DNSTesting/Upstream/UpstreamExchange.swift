public import DNSWire
internal import NetworkTypes

/// A query as a scripted upstream received it.
public struct UpstreamQuery: Sendable {
    public enum Transport: Sendable, Hashable { case udp, tcp, tls }

    public let transport: Transport
    public let bytes: [UInt8]
    public let message: Message
    /// The port that it came from.
    public let sourcePort: Int
    /// The connection that it came on, from 1; 0 for UDP.
    public let connection: Int
    /// From 1, over all transports.
    public let number: Int

    public var question: Question { message.questions[0] }

    /// An answer to this query as a good server gives it.
    public func answer(
        _ records: [ResourceRecord] = [], code: ResponseCode = .noError, authorities: [ResourceRecord] = [],
        additionals: [ResourceRecord] = [], flags: MessageFlags = []
    ) -> Message {
        Message(
            id: message.id, flags: [.response, .recursionDesired, .recursionAvailable, flags], responseCode: code,
            questions: message.questions, answers: records, authorities: authorities, additionals: additionals,
            edns: message.edns.map { _ in EDNS() })
    }

    /// An address record for the question's name.
    public func address(_ text: String, timeToLive: UInt32 = 60) -> [ResourceRecord] {
        IPAddress(text).map { [ResourceRecord(name: question.name, timeToLive: timeToLive, data: .address($0))] } ?? []
    }
}

/// What a scripted upstream does with a query; a script gives any number of them, done in order.
public enum UpstreamReply: Sendable {
    case message(Message)
    case bytes([UInt8])
    /// From another port than the one that was asked.
    case fromElsewhere(Message)
    /// The rest is done after this time.
    case pause(Duration)
    /// Ends the connection.
    case hangUp
}
