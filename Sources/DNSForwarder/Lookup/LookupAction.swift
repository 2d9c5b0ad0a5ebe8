/// A query sent, by its number within the forwarder.
struct AttemptID: Hashable, Comparable, CustomStringConvertible {
    let rawValue: UInt64
    static func < (a: AttemptID, b: AttemptID) -> Bool { a.rawValue < b.rawValue }
    var description: String { "\(rawValue)" }
}

/// A question being answered, by its number within the forwarder.
struct LookupID: Hashable, CustomStringConvertible {
    let rawValue: UInt64
    var description: String { "\(rawValue)" }
}

/// How one query travels.
enum AttemptTransport: Equatable {
    case udp
    case tcp
    case tls
}

/// A query to be sent.
struct Attempt: Equatable {
    let id: AttemptID
    /// Index in the table of upstreams.
    let upstream: Int
    let transport: AttemptTransport
    let query: QueryImage
}

/// What the shell is told to do.
enum ForwarderAction {
    case send(Attempt)
    /// The query is of no more use: its socket goes.
    case cancel(AttemptID)
    /// Come back then; replaces what was said before of this lookup.
    case wake(LookupID, at: Duration)
    /// Nothing more to come of this lookup.
    case end(LookupID)
    case complete([@Sendable (ForwardedAnswer) -> Void], ForwardedAnswer)
}
