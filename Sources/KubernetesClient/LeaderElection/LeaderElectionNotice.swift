/// What a leader election tells for the log and for counters.
package enum LeaderElectionNotice: Sendable, Hashable {
    /// This candidate leads.
    case started
    /// It leads no longer; `isLost`: it could not renew the lease, or somebody else has it.
    case stopped(isLost: Bool)
    /// A request for the lease failed.
    case failed(String)
}
