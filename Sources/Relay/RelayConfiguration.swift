/// Limits and times of the relay. Every one that is reached has a counter in `RelayStatistics`.
package struct RelayConfiguration: Sendable {
    /// Threads, each with its own sockets; 0: one for each processor that the process may use.
    package var workers = 0
    /// Times that a backend may take to answer a connection, one attempt after the other (kube-proxy's userspace mode).
    package var connectTimeouts: [Duration] = [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2)]
    /// Written to every socket that goes to a backend (SO_MARK), so that the redirection leaves it alone; 0: none.
    package var mark: UInt32 = 0
    /// Connections of all workers. Beyond it listening stops, and goes on when nine tenths are left.
    package var connectionLimit = 1 << 17
    /// UDP sessions of all workers, each of which has an equal share; beyond it the one idle for longest ends. The kernel
    /// gives each session a port, so that net.ipv4.ip_local_port_range is a limit too, with the same outcome.
    package var sessionLimit = 1 << 17
    /// UDP sessions of one client address, in equal shares too; beyond it its oldest idle one ends.
    package var sessionsPerClientLimit = 1 << 12
    /// A UDP session without datagrams ends after this.
    package var sessionIdleTimeout: Duration = .seconds(60)
    /// A backend that refuses so many times in a row rests; 0: never.
    package var restAfterFailures = 0
    package var restTime: Duration = .seconds(10)

    package init() {}
}
