internal import DNSWire

/// INFO-CODEs of RFC 8914 that a forwarder gives.
enum ExtendedErrorCode {
    static let other: UInt16 = 0
    static let staleAnswer: UInt16 = 3
    static let notReady: UInt16 = 14
    static let noReachableAuthority: UInt16 = 22
    static let networkError: UInt16 = 23
}

extension ForwardedAnswer {
    /// SERVFAIL with the reason.
    static func failure(_ code: UInt16, _ text: String) -> ForwardedAnswer {
        ForwardedAnswer(responseCode: .serverFailure, extendedErrorCode: code, extendedErrorText: text)
    }

    /// It says nothing of the name.
    var isFailure: Bool { responseCode != .noError && responseCode != .nameError }

    /// NXDOMAIN, or NOERROR with the SOA's word that there is no such data, or nothing at all. A chain of aliases that
    /// ends at a name of this server is neither: the rest is the server's to add.
    func isNegative(for question: Question) -> Bool {
        if responseCode == .nameError { return true }
        if responseCode != .noError || answers.contains(where: { question.type == .any || $0.type == question.type }) {
            return false
        }
        return answers.isEmpty || authorities.contains { $0.type == .soa }
    }
}
