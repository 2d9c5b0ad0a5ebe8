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

/// How one of several backends is chosen. The raw value is the name in annotations and `--scheduler`.
public enum Scheduler: String, Sendable, Hashable, CaseIterable {
    /// Each new connection to any of them, as often as its weight says.
    case random
    /// In turn, weights aside. Exact for one service port.
    case roundRobin = "rr"
    /// In turn, each as often as its weight says.
    case weightedRoundRobin = "wrr"
    /// By a hash of the client's address: one client, one backend, while the backends stay.
    case sourceHash = "sh"

    /// Backends take part as often as their weights say.
    public var usesWeights: Bool { self != .roundRobin }
}
