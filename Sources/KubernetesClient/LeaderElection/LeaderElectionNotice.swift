/// What a leader election tells for the log and for counters.
package enum LeaderElectionNotice: Sendable, Hashable {
    /// This candidate leads.
    case started
    /// It leads no longer; `isLost`: it could not renew the lease, or somebody else has it.
    case stopped(isLost: Bool)
    /// Requests for the lease are answered: at first, and again after some failed.
    case answered
    /// Another candidate was first to write the lease, as it happens when two begin together.
    case forestalled
    /// A request for the lease failed.
    ///
    /// - Parameters:
    ///   - inARow: requests that failed one after the other, this one included.
    ///   - concernsServer: it is the server's, or everybody's who asks with these credentials, and not the lease's alone.
    case failed(String, inARow: Int, concernsServer: Bool)
    /// At the end the lease could not be given back: others wait until it has run out.
    case notReleased(String)
}
