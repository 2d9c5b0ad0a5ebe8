/// A whole DNS message as a value (RFC 1035 section 4). For what does not run for each query: the forwarder, tests.
public struct Message: Sendable, Hashable {
    public var id: UInt16
    public var flags: MessageFlags
    /// With the upper bits of `edns`, where there is one.
    public var responseCode: ResponseCode
    public var questions: [Question]
    public var answers: [ResourceRecord]
    public var authorities: [ResourceRecord]
    /// Without OPT, which is `edns`.
    public var additionals: [ResourceRecord]
    public var edns: EDNS?

    public init(
        id: UInt16, flags: MessageFlags = MessageFlags(), responseCode: ResponseCode = .noError,
        questions: [Question] = [], answers: [ResourceRecord] = [], authorities: [ResourceRecord] = [],
        additionals: [ResourceRecord] = [], edns: EDNS? = nil
    ) {
        self.id = id
        self.flags = flags
        self.responseCode = responseCode
        self.questions = questions
        self.answers = answers
        self.authorities = authorities
        self.additionals = additionals
        self.edns = edns
    }
}

/// The second 16 bits of a header without the response code, as they travel.
@frozen public struct MessageFlags: OptionSet, Sendable, Hashable, BitwiseCopyable {
    public let rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// QR: this is a response.
    public static let response = MessageFlags(rawValue: 0x8000)
    /// AA.
    public static let authoritative = MessageFlags(rawValue: 0x0400)
    /// TC.
    public static let truncated = MessageFlags(rawValue: 0x0200)
    /// RD.
    public static let recursionDesired = MessageFlags(rawValue: 0x0100)
    /// RA.
    public static let recursionAvailable = MessageFlags(rawValue: 0x0080)
    /// AD (RFC 4035).
    public static let authenticData = MessageFlags(rawValue: 0x0020)
    /// CD (RFC 4035).
    public static let checkingDisabled = MessageFlags(rawValue: 0x0010)

    /// OPCODE, 0...15; 0 is QUERY.
    public var opcode: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 11) & 0xF }
}

/// What is asked (RFC 1035 section 4.1.2).
public struct Question: Sendable, Hashable {
    public var name: DomainName
    public var type: RecordType
    public var recordClass: RecordClass

    public init(name: DomainName, type: RecordType, recordClass: RecordClass = .internet) {
        self.name = name
        self.type = type
        self.recordClass = recordClass
    }
}

/// What an OPT record says (RFC 6891).
public struct EDNS: Sendable, Hashable {
    /// Bytes of the largest UDP message the sender can take, as it says: a reader treats less than 512 as 512.
    public var payloadSize: UInt16
    public var version: UInt8
    /// DO (RFC 3225).
    public var dnssecOK: Bool
    public var options: [EDNSOption]

    public init(payloadSize: UInt16 = 1232, version: UInt8 = 0, dnssecOK: Bool = false, options: [EDNSOption] = []) {
        self.payloadSize = payloadSize
        self.version = version
        self.dnssecOK = dnssecOK
        self.options = options
    }
}

/// One option of an OPT record.
public struct EDNSOption: Sendable, Hashable {
    public var code: UInt16
    public var data: [UInt8]

    public init(code: UInt16, data: [UInt8]) {
        self.code = code
        self.data = data
    }

    /// RFC 7873.
    public static let cookie: UInt16 = 10
    /// RFC 8914: INFO-CODE (16 bits), then text in UTF-8.
    public static let extendedError: UInt16 = 15
}
