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
    public let relay: RelayPreferences

    public init(
        key: ServicePortKey, affinity: Affinity? = nil, scheduler: Scheduler = .random,
        clusterBackends: BackendSet = BackendSet([]), localBackends: BackendSet = BackendSet([]),
        frontends: [Frontend], lingering: [Backend] = [], relay: RelayPreferences = RelayPreferences()
    ) {
        self.key = key
        self.affinity = affinity
        self.scheduler = scheduler
        self.clusterBackends = clusterBackends
        self.localBackends = localBackends
        self.frontends = frontends
        self.lingering = lingering
        self.relay = relay
    }

    /// The same with other frontends.
    public func with(frontends: [Frontend]) -> ServicePort {
        ServicePort(
            key: key, affinity: affinity, scheduler: scheduler, clusterBackends: clusterBackends,
            localBackends: localBackends, frontends: frontends, lingering: lingering, relay: relay)
    }

    public func backends(_ scope: BackendScope) -> BackendSet {
        scope == .cluster ? clusterBackends : localBackends
    }
}
