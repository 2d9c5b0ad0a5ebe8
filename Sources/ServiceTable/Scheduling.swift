/// `sessionAffinity: ClientIP`, decided.
public struct Affinity: Sendable, Hashable {
    public enum Scope: Sendable, Hashable {
        /// As kube-proxy: each service port by itself.
        case servicePort
        /// All ports of the Service together.
        case service
    }
    public let scope: Scope
    /// 1...86400.
    public let timeoutSeconds: Int32

    public init(scope: Scope = .servicePort, timeoutSeconds: Int32) {
        self.scope = scope
        self.timeoutSeconds = timeoutSeconds
    }
}

/// How one of several backends is chosen. The raw value is the name in annotations and `--scheduler`, as IPVS has it
/// (`ipvsadm(8)`, kernel: net/netfilter/ipvs).
public enum Scheduler: String, Sendable, Hashable, CaseIterable {
    /// Each new connection to any of them, as often as its weight says.
    case random
    /// In turn, weights aside. Exact for one service port.
    case roundRobin = "rr"
    /// In turn, each as often as its weight says.
    case weightedRoundRobin = "wrr"
    /// The one with the fewest open connections.
    case leastConnections = "lc"
    /// The one with the fewest open connections for its weight.
    case weightedLeastConnections = "wlc"
    /// The one that would have the fewest for its weight with this one: least (connections + 1) / weight.
    case shortestExpectedDelay = "sed"
    /// One without connections while there is one, else as `sed`.
    case neverQueue = "nq"
    /// By a hash of the client's address: one client, one backend, while the backends stay.
    case sourceHash = "sh"
    /// By a hash of the address that was asked.
    case destinationHash = "dh"
    /// Maglev: by a hash of the client's address and port, over a table that moves few connections when a
    /// backend comes or goes (Eisenbud et al., NSDI 2016).
    case maglev = "mh"
    /// Of two drawn at random the one with fewer open connections for its weight.
    case twoChoices = "twos"

    /// Backends take part as often as their weights say.
    public var usesWeights: Bool { self != .roundRobin && self != .leastConnections }
    /// Counts open connections, which only the dataplane that sees them all can.
    public var countsConnections: Bool {
        switch self {
        case .leastConnections, .weightedLeastConnections, .shortestExpectedDelay, .neverQueue, .twoChoices: true
        default: false
        }
    }
}
