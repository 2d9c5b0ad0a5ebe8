package import DNSWire

/// What an answer must be, apart from the order inside an RRset.
package struct ExpectedAnswer: Sendable {
    /// Whether SOA is in Authority.
    package enum Authority: Sendable, Hashable {
        case none
        /// Of this zone; nil: of a zone that no row names, at or above the name.
        case startOfAuthority(DomainName?)
        /// As the upstream has it.
        case any
    }

    package var codes: Set<ResponseCode> = [.noError]
    /// First of all, in this order.
    package var chain: [ResourceRecord] = []
    /// Then these, in any order.
    package var records: [ResourceRecord] = []
    /// SOA of this zone in Answer.
    package var answersStartOfAuthority = false
    package var authority = Authority.none
    /// What Additional may hold, and holds where there is room.
    package var additional: [ResourceRecord] = []
    /// AA: nil where the reference does not say.
    package var isAuthoritative: Bool? = true
    /// The chain is a loop: as much of it as the server followed, each record once.
    package var isLoop = false
    /// The end of the answer is an upstream's.
    package var needsUpstream = false
}
