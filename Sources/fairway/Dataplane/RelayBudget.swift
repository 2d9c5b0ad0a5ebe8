internal import Relay

/// How the descriptors of a daemon with a relay are shared out, so that no flood of connections keeps it from reading
/// manifests, from writing rules or from answering DNS and health checks.
///
/// Of what is left beside the reserve, DNS and health check ports half is for connections, two descriptors each; a quarter for UDP sessions, which
/// have one, and one more that answers from the frontend's address; and a quarter for pipes, two each, without which bytes
/// are copied.
struct RelayBudget: Sendable, Hashable {
    /// For files, manifests, pages, the admin socket, netlink and threads.
    let reserve: Int
    /// For DNS in the same process; 0 without it.
    let dns: Int
    /// For health check ports of Services, whether there are any or not: they come and go.
    let healthChecks: HealthCheckLimits
    let connections: Int
    let sessions: Int
    let pipes: Int

    /// What is kept of a large limit beside listeners; a small one gives a quarter.
    static let fullReserve = 256
    /// Of one thread: a listener for each protocol, origin, way in and family, and what it waits with.
    static let perThread = 24
    /// DNS takes no more, whatever it has (`DescriptorBudget`).
    static let fullDNS = 8192
    /// More than every limit together.
    private static let largest: UInt64 = 1 << 22

    /// - Parameter limit: descriptors of the process (RLIMIT_NOFILE).
    init(limit: UInt64, threads: Int, hasDNS: Bool) {
        let limit = Int(min(limit, Self.largest))
        reserve = min(Self.fullReserve + threads * Self.perThread, limit / 4)
        dns = hasDNS ? min(Self.fullDNS, limit / 4) : 0
        healthChecks = HealthCheckLimits(limit: UInt64(limit))
        let rest = limit - reserve - dns - healthChecks.descriptors
        let most = RelayConfiguration()
        connections = max(1, min(most.connectionLimit, rest / 4))
        sessions = max(1, min(most.sessionLimit, rest / 8))
        pipes = min(most.pipeLimit, rest / 8)
    }

    func limit(_ configuration: inout RelayConfiguration) {
        configuration.connectionLimit = connections
        configuration.sessionLimit = sessions
        configuration.sessionsPerClientLimit = max(1, min(configuration.sessionsPerClientLimit, sessions / 2))
        configuration.pipeLimit = pipes
    }
}
