public import NetworkTypes

/// Identity of a Service port: the Service, the port's name and its protocol, as kube-proxy's
/// ServicePortName has it. A renumbered port keeps its identity.
public struct ServicePortID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let namespace: String
    public let service: String
    /// Empty for an unnamed port.
    public let portName: String
    public let `protocol`: TransportProtocol
    /// Hashed once: a service port is looked up in half a dozen tables each time it is decided.
    private let hashed: Int

    public init(namespace: String, service: String, portName: String, protocol: TransportProtocol) {
        self.namespace = namespace
        self.service = service
        self.portName = portName
        self.protocol = `protocol`
        var hasher = Hasher()
        hasher.combine(namespace)
        hasher.combine(service)
        hasher.combine(portName)
        hasher.combine(`protocol`)
        hashed = hasher.finalize()
    }

    public static func == (a: ServicePortID, b: ServicePortID) -> Bool {
        a.hashed == b.hashed && a.service == b.service && a.namespace == b.namespace && a.portName == b.portName
            && a.protocol == b.protocol
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(hashed) }

    /// `namespace/service:port/tcp`, or `namespace/service/tcp` for an unnamed port.
    public var description: String {
        "\(namespace)/\(service)\(portName.isEmpty ? "" : ":" + portName)/\(`protocol`)"
    }

    public static func < (a: ServicePortID, b: ServicePortID) -> Bool {
        if a.namespace != b.namespace { return a.namespace < b.namespace }
        if a.service != b.service { return a.service < b.service }
        if a.portName != b.portName { return a.portName < b.portName }
        return a.protocol < b.protocol
    }
}

/// A Service port in one address family: the unit of change for dataplanes.
public struct ServicePortKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let id: ServicePortID
    public let family: IPFamily

    public init(id: ServicePortID, family: IPFamily) {
        self.id = id
        self.family = family
    }

    public var description: String { "\(id) \(family)" }

    public static func < (a: ServicePortKey, b: ServicePortKey) -> Bool {
        a.id == b.id ? a.family < b.family : a.id < b.id
    }
}

/// What a frontend is balanced to.
public struct Backend: Sendable, Hashable, CustomStringConvertible {
    public let address: IPAddress
    public let port: PortNumber
    /// Relative share of new connections; 0 takes none.
    public let weight: UInt16
    /// Runs on this node, or may (its node is not known): its own connections can come back to it.
    public let isLocal: Bool
    /// Terminating: used because nothing else is left.
    public let isDraining: Bool

    public init(
        address: IPAddress, port: PortNumber, weight: UInt16 = 1, isLocal: Bool = false, isDraining: Bool = false
    ) {
        self.address = address
        self.port = port
        self.weight = weight
        self.isLocal = isLocal
        self.isDraining = isDraining
    }

    /// `10.0.0.1:80` or `[fd00::1]:80`.
    public var description: String {
        address.family == .ipv6 ? "[\(address)]:\(port)" : "\(address):\(port)"
    }

    /// Two backends with the same address and port are the same place.
    public func isSamePlace(as other: Backend) -> Bool { address == other.address && port == other.port }
}

/// The backends of one service port under one policy, in an order that is stable under change: a
/// backend keeps its index while it stays, unless it is the last and fills a hole. Dataplanes
/// address backends by this index.
public struct BackendSet: Sendable, Hashable {
    public let backends: [Backend]

    public init(_ backends: [Backend]) { self.backends = backends }

    public var count: Int { backends.count }
    public var isEmpty: Bool { backends.isEmpty }
}

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

/// Everything a dataplane must do for one Service port in one family.
public struct ServicePort: Sendable, Hashable {
    public let key: ServicePortKey
    public let affinity: Affinity?
    public let scheduler: Scheduler
    /// Shared by all frontends whose verdict balances over the cluster.
    public let clusterBackends: BackendSet
    /// Shared by all frontends whose verdict balances over this node.
    public let localBackends: BackendSet
    public let frontends: [Frontend]
    /// Endpoints that take no new connection here but keep those they have: of other zones or nodes,
    /// and terminating ones that still serve. Of TCP also those that are not ready. A flow to a place
    /// that is neither in a set nor here is stale.
    public let lingering: [Backend]

    public init(
        key: ServicePortKey, affinity: Affinity? = nil, scheduler: Scheduler = .random,
        clusterBackends: BackendSet = BackendSet([]), localBackends: BackendSet = BackendSet([]),
        frontends: [Frontend], lingering: [Backend] = []
    ) {
        self.key = key
        self.affinity = affinity
        self.scheduler = scheduler
        self.clusterBackends = clusterBackends
        self.localBackends = localBackends
        self.frontends = frontends
        self.lingering = lingering
    }

    /// The same with other frontends.
    public func with(frontends: [Frontend]) -> ServicePort {
        ServicePort(
            key: key, affinity: affinity, scheduler: scheduler, clusterBackends: clusterBackends,
            localBackends: localBackends, frontends: frontends, lingering: lingering)
    }

    public func backends(_ scope: BackendScope) -> BackendSet {
        scope == .cluster ? clusterBackends : localBackends
    }
}
