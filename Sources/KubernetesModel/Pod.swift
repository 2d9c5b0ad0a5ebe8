public import NetworkTypes

/// `core/v1` Pod, trimmed to what makes it an endpoint.
public struct Pod: Sendable, Hashable {
    /// `status.phase`.
    public enum Phase: String, Sendable, Hashable, CaseIterable {
        case pending = "Pending"
        case running = "Running"
        case succeeded = "Succeeded"
        case failed = "Failed"
        case unknown = "Unknown"
    }

    public var metadata: ObjectMeta
    /// Empty: not scheduled.
    public var nodeName: String
    public var hostname: String
    public var subdomain: String
    public var hostNetwork: Bool
    /// Ports of the containers, then those of restartable init containers: the order in which a
    /// named target port is looked up. Only ports that a name or number can reach are kept.
    public var containerPorts: [ContainerPort]
    public var phase: Phase
    /// `status.podIPs` with `status.podIP` folded in as the first; at most one of each family counts.
    public var podIPs: [IPAddress]
    /// The Ready condition is True.
    public var isReady: Bool
    /// `lastTransitionTime` of the Ready condition.
    public var readyTransitionTime: Timestamp?

    public init(
        metadata: ObjectMeta, nodeName: String = "", hostname: String = "", subdomain: String = "",
        hostNetwork: Bool = false, containerPorts: [ContainerPort] = [], phase: Phase = .pending,
        podIPs: [IPAddress] = [], isReady: Bool = false, readyTransitionTime: Timestamp? = nil
    ) {
        self.metadata = metadata
        self.nodeName = nodeName
        self.hostname = hostname
        self.subdomain = subdomain
        self.hostNetwork = hostNetwork
        self.containerPorts = containerPorts
        self.phase = phase
        self.podIPs = podIPs
        self.isReady = isReady
        self.readyTransitionTime = readyTransitionTime
    }
}

/// `core/v1` ContainerPort.
public struct ContainerPort: Sendable, Hashable {
    public var name: String
    public var containerPort: PortNumber
    public var `protocol`: TransportProtocol

    public init(name: String = "", containerPort: PortNumber, protocol: TransportProtocol = .tcp) {
        self.name = name
        self.containerPort = containerPort
        self.protocol = `protocol`
    }
}
