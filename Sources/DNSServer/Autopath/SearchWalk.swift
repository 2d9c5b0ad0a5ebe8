internal import DNSForwarder
package import DNSWire

/// The part of a search that other servers decide: names to ask for one after the other, until one exists.
package struct SearchWalk: Sendable, Hashable {
    /// For each name that is left the CNAMEs that lead to it, from the name the client asked.
    package var rest: [[ResourceRecord]]
    /// A whole message for the client where none of the names exists: what the zone alone answers.
    package var fallback: [UInt8]
    /// The name of this walk that exists but has no records of the type asked; whether it has addresses of the other
    /// family is being asked.
    var undecided: ForwardedAnswer?
    /// A name was passed that exists but has nothing of the kind.
    var hasPassedName = false

    package init(rest: [[ResourceRecord]], fallback: [UInt8]) {
        self.rest = rest
        self.fallback = fallback
    }

    /// `fallback`, with NODATA for NXDOMAIN where a name was passed: a resolver that found nothing but that says so too.
    var lastReply: [UInt8] {
        var reply = fallback
        if hasPassedName, fallbackIsNameError { reply[3] &= 0xF0 }
        return reply
    }

    var lastCode: ResponseCode {
        fallbackIsNameError && !hasPassedName ? .nameError : ResponseCode(rawValue: UInt16(lastReply[3] & 15))
    }

    var fallbackIsNameError: Bool { fallback.count > 3 && fallback[3] & 15 == ResponseCode.nameError.rawValue }
}

extension ForwardRequest {
    enum WalkStep: Sendable, Hashable {
        /// The client gets this answer, behind `prefix`.
        case answer(ForwardedAnswer)
        /// `forwarded` has to be asked next.
        case ask
        /// The client gets the walk's last reply.
        case fallback
    }

    /// Begins a walk.
    ///
    /// - Precondition: it has a name to ask for.
    mutating func begin(_ walk: SearchWalk) {
        self.walk = walk
        precondition(next() == .ask, "a walk has at least one name")
    }

    /// Decides what an answer to `forwarded` means for the walk, as the client's resolver would: a name error leads on;
    /// a name without records of the type leads on too, unless it has addresses of the other family, for then the
    /// resolver, which asks for both, stays with it. Any other answer, also a failure, ends the walk.
    mutating func step(after answer: ForwardedAnswer) -> WalkStep {
        if let held = walk?.undecided {
            walk?.undecided = nil
            let other = forwarded.question.type
            forwarded.question.type = question.type
            if answer.hasRecords(other) { return .answer(held) }
            walk?.hasPassedName = true
            return next()
        }
        if answer.responseCode == .nameError { return next() }
        guard let walk, answer.responseCode == .noError, !answer.hasRecords(question.type) else { return .answer(answer) }
        if walk.rest.isEmpty, walk.fallbackIsNameError { return .answer(answer) }
        guard let other = question.type.otherFamily else {
            self.walk?.hasPassedName = true
            return next()
        }
        self.walk?.undecided = answer
        forwarded.question.type = other
        return .ask
    }

    private mutating func next() -> WalkStep {
        while let first = walk?.rest.first {
            walk?.rest.removeFirst()
            guard case .cname(let target) = first.last?.data else { continue }
            prefix = first
            forwarded.question.name = target
            return .ask
        }
        return .fallback
    }
}

extension ForwardedAnswer {
    fileprivate func hasRecords(_ type: RecordType) -> Bool {
        responseCode == .noError && answers.contains { $0.type == type }
    }
}

extension RecordType {
    /// AAAA for A and A for AAAA: resolvers ask for both at once.
    fileprivate var otherFamily: RecordType? { self == .a ? .aaaa : self == .aaaa ? .a : nil }
}
