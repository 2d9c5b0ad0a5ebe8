internal import DNSForwarder
internal import DNSServer

/// How this process's descriptors are shared out, so that no flood of one kind takes what another needs: a file that
/// cannot be opened is a manifest or a state that is lost, a connection that cannot be accepted is a client that waits.
struct DescriptorBudget: Sendable, Hashable {
    /// For files, manifests, pages, the admin socket, netlink, listeners and threads.
    let reserve: Int
    /// TCP connections of clients. Half as many again may be on their way to be closed.
    let connections: Int
    /// Sockets to other servers.
    let forwarding: Int

    /// What is kept of a large limit; a small one gives a quarter.
    static let fullReserve = 256
    /// More than every limit together.
    private static let largest: UInt64 = 1 << 20

    /// - Parameter limit: descriptors of the process (RLIMIT_NOFILE).
    init(limit: UInt64) {
        let limit = Int(min(limit, Self.largest))
        reserve = min(Self.fullReserve, limit / 4)
        let rest = limit - reserve
        connections = min(TCPLimits().connections, rest / 3)
        forwarding = rest - connections * 3 / 2
    }

    var tcpLimits: TCPLimits {
        var limits = TCPLimits()
        limits.connections = max(1, connections)
        limits.connectionsPerClient = max(1, min(limits.connectionsPerClient, connections / 4))
        return limits
    }

    var forwarderLimits: ForwarderLimits { ForwarderLimits(descriptors: forwarding) }
}
