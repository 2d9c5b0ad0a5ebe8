package import DNSWire

/// Which part of the name space a question was in.
package enum ZoneSection: UInt8, Sendable, Hashable, BitwiseCopyable, CaseIterable {
    /// The cluster's domain.
    case cluster
    /// A reverse zone of ours.
    case reverse
    /// Everything else.
    case other
}

/// What the zone has to say about a question; its records are in the writer.
package struct ZoneAnswer: Sendable, Hashable, BitwiseCopyable {
    package enum Outcome: UInt8, Sendable, Hashable, BitwiseCopyable {
        case answered
        /// The name is not below anything of ours.
        case notOurs
        /// Ours, but not known yet.
        case notReady
        /// A CNAME was written whose target others know.
        case leavesZone
    }

    package var outcome: Outcome
    package var section: ZoneSection
    package var responseCode: ResponseCode
    /// False: records of Answer or Authority did not fit.
    package var isComplete: Bool

    init(_ outcome: Outcome, _ section: ZoneSection, _ responseCode: ResponseCode = .noError, isComplete: Bool = true) {
        self.outcome = outcome
        self.section = section
        self.responseCode = responseCode
        self.isComplete = isComplete
    }
}
