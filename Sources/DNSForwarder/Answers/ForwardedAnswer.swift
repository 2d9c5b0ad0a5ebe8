public import DNSWire

/// A question for other servers. Equal ones share an answer: DO, CD and the class are part of it.
public struct ForwardedQuestion: Sendable, Hashable {
    public var question: Question
    /// DO of the client's OPT.
    public var dnssecOK: Bool
    /// CD of the client's header.
    public var checkingDisabled: Bool

    public init(question: Question, dnssecOK: Bool = false, checkingDisabled: Bool = false) {
        self.question = question
        self.dnssecOK = dnssecOK
        self.checkingDisabled = checkingDisabled
    }
}

/// What other servers, or the cache, said. Times to live have been aged.
public struct ForwardedAnswer: Sendable, Hashable {
    public var responseCode: ResponseCode
    /// AD of the upstream's answer.
    public var authenticData: Bool
    public var answers: [ResourceRecord]
    public var authorities: [ResourceRecord]
    public var additionals: [ResourceRecord]
    /// RFC 8914, with its text: 3 stale answer, 22 no reachable authority, 23 network error...
    public var extendedError: (code: UInt16, text: String)? { extendedErrorCode.map { ($0, extendedErrorText) } }
    public var extendedErrorCode: UInt16?
    public var extendedErrorText: String

    public init(
        responseCode: ResponseCode, authenticData: Bool = false, answers: [ResourceRecord] = [],
        authorities: [ResourceRecord] = [], additionals: [ResourceRecord] = [], extendedErrorCode: UInt16? = nil,
        extendedErrorText: String = ""
    ) {
        self.responseCode = responseCode
        self.authenticData = authenticData
        self.answers = answers
        self.authorities = authorities
        self.additionals = additionals
        self.extendedErrorCode = extendedErrorCode
        self.extendedErrorText = extendedErrorText
    }
}
