/// What one pass over a request found; nothing in it refers to the request, so it can be kept.
///
/// The question's name begins at byte 12 of the request, as it does in every answer to it.
@frozen public struct ParsedQuery: BitwiseCopyable, Sendable {
    public var id: UInt16 = 0
    /// QR, opcode, RD, CD and so on, with the response code's four bits as they came.
    public var flags = MessageFlags()
    /// Bytes of the question's name in wire form, with the root's 0: 1...255; 0 where there is no question.
    public var nameLength = 0
    /// Labels without the root.
    public var labelCount = 0
    /// `NameHash` of the name in lower case.
    public var hash: UInt64 = 0
    public var type = RecordType(rawValue: 0)
    public var recordClass = RecordClass(rawValue: 0)
    /// Where the question ends: 12 + nameLength + 4.
    public var questionEnd = 12
    /// The request has an OPT record: so must the answer (RFC 6891 section 6.1.1).
    public var hasEDNS = false
    /// As the client says; 0 without EDNS.
    public var payloadSize: UInt16 = 0
    public var version: UInt8 = 0
    /// DO (RFC 3225).
    public var dnssecOK = false
    /// Where the data of a COOKIE option begin (RFC 7873), 0 without one, and their count.
    public var cookieOffset = 0
    public var cookieLength = 0

    @inlinable public init() {}

    /// The request's question was read and can be repeated in the answer.
    @inlinable public var hasQuestion: Bool { nameLength > 0 }
}

/// What is to be done with a request.
@frozen public enum QueryVerdict: Sendable, Hashable, BitwiseCopyable {
    /// Nothing: it is no request, or not even a header.
    case drop
    /// Answer with this response code; with the question only where one was read.
    case refuse(ResponseCode)
    /// Answer the question.
    case answer
}
