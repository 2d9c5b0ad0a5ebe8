/// Limits and times of the relay. Every one that is reached has a counter in `RelayStatistics`.
package struct RelayConfiguration: Sendable {
    /// Threads, each with its own sockets; 0: one for each processor that the process may use.
    package var workers = 0
    /// Times that a backend may take to answer a connection, one attempt after the other (kube-proxy's userspace mode).
    package var connectTimeouts: [Duration] = [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2)]
    /// Written to every socket (SO_MARK), so that the redirection leaves what it sends alone and knows its connections; 0:
    /// none. Other than 0 needs CAP_NET_ADMIN.
    package var mark: UInt32 = 0
    /// Connections of all workers. Beyond it listening stops, and goes on when nine tenths are left.
    package var connectionLimit = 1 << 17
    /// UDP sessions of all workers; beyond it the one idle for longest ends.
    package var sessionLimit = 1 << 17
    /// UDP sessions of one client address; beyond it its oldest idle one ends.
    package var sessionsPerClientLimit = 1 << 12
    /// A UDP session without datagrams ends after this.
    package var sessionIdleTimeout: Duration = .seconds(60)
    /// A backend that refuses so many times in a row rests; 0: never.
    package var restAfterFailures = 0
    package var restTime: Duration = .seconds(10)

    package init() {}
}
