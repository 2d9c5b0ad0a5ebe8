public import NetworkTypes

/// Which of a service port's sets a verdict balances over.
public enum BackendScope: UInt8, Sendable, Hashable {
    /// Every usable endpoint of the cluster.
    case cluster
    /// Usable endpoints on this node only.
    case local
}

/// What happens to a packet for a frontend.
public enum Verdict: Sendable, Hashable {
    /// Sent to one backend of the set; its source becomes the node's when masqueraded.
    case balance(BackendScope, masquerade: Bool)
    /// Refused with ICMP port unreachable.
    case reject
    /// Silently dropped.
    case drop
}

/// The verdict for each origin a packet can have.
public struct OriginVerdicts: Sendable, Hashable {
    /// From a pod of this cluster, as the detect-local mode tells them.
    public let pod: Verdict
    /// From this node itself (a local source address).
    public let node: Verdict
    /// From anywhere else.
    public let outside: Verdict

    public init(pod: Verdict, node: Verdict, outside: Verdict) {
        self.pod = pod
        self.node = node
        self.outside = outside
    }

    public init(all verdict: Verdict) {
        self.init(pod: verdict, node: verdict, outside: verdict)
    }
}

/// An address, port and protocol that a Service is reached at.
public struct Frontend: Sendable, Hashable {
    /// Where the frontend's address comes from. Dataplanes decide one thing by it: a ClusterIP belongs to
    /// its Service alone, so that its other ports are refused; other addresses may be a host's too.
    public enum Kind: String, Sendable, Hashable {
        case clusterIP = "ClusterIP"
        case nodePort = "NodePort"
        case externalIP = "ExternalIP"
        case loadBalancerIP = "LoadBalancer"
    }

    public enum Destination: Sendable, Hashable {
        case address(IPAddress)
        /// Each of the node's NodePort addresses of the service port's family.
        case nodeAddresses
    }

    public let kind: Kind
    public let destination: Destination
    public let port: PortNumber
    /// Nil: any source. Otherwise others are dropped before anything else happens. Sorted, none inside
    /// another, all of the address's family; empty: nobody may.
    public let allowedSources: [IPPrefix]?
    public let verdicts: OriginVerdicts

    public init(
        kind: Kind, destination: Destination, port: PortNumber, allowedSources: [IPPrefix]? = nil,
        verdicts: OriginVerdicts
    ) {
        self.kind = kind
        self.destination = destination
        self.port = port
        self.allowedSources = allowedSources
        self.verdicts = verdicts
    }
}
