internal import Observability

/// How many health check ports may be open, and connections to them, so that no flood of them takes the descriptors that
/// the rest of the daemon needs, and none of that takes theirs.
struct HealthCheckLimits: Sendable, Hashable {
    /// Open ports, each address counted. One that comes when there are so many is told, counted as failed, and tried again.
    let ports: Int
    /// Open connections of all ports together, beyond the few that each port always takes; more wait.
    let connections: Int

    /// Every port of the usual range of NodePorts (2768) at an address of each family, and half as many again.
    static let fullPorts = 8192
    /// Load balancers keep one connection to a port, or come anew for each question: these are for those that keep more.
    static let fullConnections = 1024
    /// A port that has its own connections: it listens with one more.
    private static let perPort = 1 + SharedConnections.Limits.own

    /// - Parameter limit: descriptors of the process (RLIMIT_NOFILE), of which an eighth is for this at most.
    init(limit: UInt64) {
        let full = Self.fullPorts * Self.perPort + Self.fullConnections
        let share = Int(min(limit / 8, UInt64(full)))
        connections = min(Self.fullConnections, share / 4)
        ports = (share - connections) / Self.perPort
    }

    /// What all of it comes to.
    var descriptors: Int { ports * Self.perPort + connections }
}
