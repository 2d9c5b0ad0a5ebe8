/// The times of a leader election; client-go's, with its defaults.
package struct LeaderElectionSettings: Sendable, Hashable {
    /// A lease that nobody has been seen to renew for so long may be taken. Whole seconds.
    package var leaseDuration: Duration
    /// A leader that could not renew for so long stops. Shorter than `leaseDuration`: by this difference it has stopped
    /// before another begins.
    package var renewDeadline: Duration
    /// Between attempts.
    package var retryPeriod: Duration
    /// Who waits for the lease waits longer by up to this part, at random.
    package var jitter: Double

    package init(
        leaseDuration: Duration = .seconds(15), renewDeadline: Duration = .seconds(10),
        retryPeriod: Duration = .seconds(2), jitter: Double = 1.2
    ) {
        precondition(leaseDuration > renewDeadline, "the lease must outlast the renew deadline")
        precondition(renewDeadline > retryPeriod * jitter, "the renew deadline must leave time for a second attempt")
        self.leaseDuration = leaseDuration
        self.renewDeadline = renewDeadline
        self.retryPeriod = retryPeriod
        self.jitter = jitter
    }
}
