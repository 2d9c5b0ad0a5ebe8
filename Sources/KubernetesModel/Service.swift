public import NetworkTypes

/// `core/v1` Service, trimmed to what Fairway uses and defaulted as the API server defaults it.
public struct Service: Sendable, Hashable {
    public var metadata: ObjectMeta
    public var spec: ServiceSpec
    public var status: ServiceStatus

    public init(metadata: ObjectMeta, spec: ServiceSpec, status: ServiceStatus = ServiceStatus()) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }
}

/// `spec.type`.
public enum ServiceType: String, Sendable, Hashable, CaseIterable {
    case clusterIP = "ClusterIP"
    case nodePort = "NodePort"
    case loadBalancer = "LoadBalancer"
    case externalName = "ExternalName"
}

/// `internalTrafficPolicy` and `externalTrafficPolicy`: endpoints of the cluster, or of this node.
public enum TrafficPolicy: String, Sendable, Hashable, CaseIterable {
    case cluster = "Cluster"
    case local = "Local"
}

/// `spec.sessionAffinity`.
public enum SessionAffinity: String, Sendable, Hashable, CaseIterable {
    case none = "None"
    case clientIP = "ClientIP"
}

/// `spec.ipFamilyPolicy`.
public enum IPFamilyPolicy: String, Sendable, Hashable, CaseIterable {
    case singleStack = "SingleStack"
    case preferDualStack = "PreferDualStack"
    case requireDualStack = "RequireDualStack"
}

/// One entry of `spec.clusterIPs`.
public enum ClusterIP: Sendable, Hashable {
    /// The literal `None`: a headless Service.
    case none
    case address(IPAddress)
}

/// `core/v1` ServiceSpec, trimmed.
public struct ServiceSpec: Sendable, Hashable {
    private struct Details: UncommonFields {
        var externalIPs: [IPAddress] = []
        var loadBalancerSourceRanges: [IPPrefix] = []
        var loadBalancerClass: String?
        var trafficDistribution: String?
        var externalName = ""
    }

    public var type: ServiceType
    /// Empty until an address is allocated. `spec.clusterIP` is folded in here as the first entry.
    public var clusterIPs: [ClusterIP]
    /// Empty for legacy objects: then the family of each clusterIP counts.
    public var ipFamilies: [IPFamily]
    public var ipFamilyPolicy: IPFamilyPolicy?
    public var ports: [ServicePortSpec]
    /// Nil and empty both mean: no selector, endpoints are written by someone else.
    public var selector: [String: String]
    public var sessionAffinity: SessionAffinity
    /// 1...86400; the API's default is 10800.
    public var sessionAffinityTimeoutSeconds: Int32
    public var externalTrafficPolicy: TrafficPolicy
    public var internalTrafficPolicy: TrafficPolicy
    public var allocateLoadBalancerNodePorts: Bool
    /// 0: none.
    public var healthCheckNodePort: UInt16
    public var publishNotReadyAddresses: Bool
    private var details: Uncommon<Details>

    public init(
        type: ServiceType = .clusterIP, clusterIPs: [ClusterIP] = [], ipFamilies: [IPFamily] = [],
        ipFamilyPolicy: IPFamilyPolicy? = nil, ports: [ServicePortSpec] = [], selector: [String: String] = [:],
        sessionAffinity: SessionAffinity = .none, sessionAffinityTimeoutSeconds: Int32 = 10800,
        externalTrafficPolicy: TrafficPolicy = .cluster, internalTrafficPolicy: TrafficPolicy = .cluster,
        externalIPs: [IPAddress] = [], loadBalancerSourceRanges: [IPPrefix] = [], loadBalancerClass: String? = nil,
        allocateLoadBalancerNodePorts: Bool = true, healthCheckNodePort: UInt16 = 0,
        publishNotReadyAddresses: Bool = false, trafficDistribution: String? = nil, externalName: String = ""
    ) {
        self.type = type
        self.clusterIPs = clusterIPs
        self.ipFamilies = ipFamilies
        self.ipFamilyPolicy = ipFamilyPolicy
        self.ports = ports
        self.selector = selector
        self.sessionAffinity = sessionAffinity
        self.sessionAffinityTimeoutSeconds = sessionAffinityTimeoutSeconds
        self.externalTrafficPolicy = externalTrafficPolicy
        self.internalTrafficPolicy = internalTrafficPolicy
        self.allocateLoadBalancerNodePorts = allocateLoadBalancerNodePorts
        self.healthCheckNodePort = healthCheckNodePort
        self.publishNotReadyAddresses = publishNotReadyAddresses
        details = Uncommon(
            Details(
                externalIPs: externalIPs, loadBalancerSourceRanges: loadBalancerSourceRanges,
                loadBalancerClass: loadBalancerClass, trafficDistribution: trafficDistribution,
                externalName: externalName))
    }

    public var externalIPs: [IPAddress] {
        get { details.fields.externalIPs }
        set { details.fields.externalIPs = newValue }
    }

    public var loadBalancerSourceRanges: [IPPrefix] {
        get { details.fields.loadBalancerSourceRanges }
        set { details.fields.loadBalancerSourceRanges = newValue }
    }

    public var loadBalancerClass: String? {
        get { details.fields.loadBalancerClass }
        set { details.fields.loadBalancerClass = newValue }
    }

    /// Nil, `PreferSameZone`, `PreferClose`, `PreferSameNode`.
    public var trafficDistribution: String? {
        get { details.fields.trafficDistribution }
        set { details.fields.trafficDistribution = newValue }
    }

    public var externalName: String {
        get { details.fields.externalName }
        set { details.fields.externalName = newValue }
    }

    /// The Service has no address on purpose: clusterIP is `None`.
    public var isHeadless: Bool { clusterIPs.first == ClusterIP.none }
    /// The allocated addresses, in the order of the spec; empty for headless and unallocated Services.
    public var clusterAddresses: [IPAddress] {
        clusterIPs.compactMap { if case .address(let address) = $0 { address } else { nil } }
    }
}

/// `core/v1` ServicePort.
public struct ServicePortSpec: Sendable, Hashable {
    /// Empty only when the Service has one port.
    public var name: String
    public var `protocol`: TransportProtocol
    public var port: PortNumber
    public var targetPort: TargetPort
    /// Nil: none.
    public var nodePort: PortNumber?
    public var appProtocol: String?

    public init(
        name: String = "", protocol: TransportProtocol = .tcp, port: PortNumber, targetPort: TargetPort? = nil,
        nodePort: PortNumber? = nil, appProtocol: String? = nil
    ) {
        self.name = name
        self.protocol = `protocol`
        self.port = port
        self.targetPort = targetPort ?? .number(port)
        self.nodePort = nodePort
        self.appProtocol = appProtocol
    }
}

/// `intstr.IntOrString` where it names a container port.
public enum TargetPort: Sendable, Hashable {
    case number(PortNumber)
    case name(String)
}

/// `core/v1` ServiceStatus, trimmed to its load balancer.
public struct ServiceStatus: Sendable, Hashable {
    public var loadBalancerIngress: [LoadBalancerIngress]

    public init(loadBalancerIngress: [LoadBalancerIngress] = []) {
        self.loadBalancerIngress = loadBalancerIngress
    }
}

/// `core/v1` LoadBalancerIngress: an address or a name of a load balancer.
public struct LoadBalancerIngress: Sendable, Hashable {
    /// Whether the node takes traffic to the address itself (VIP) or leaves it to the load balancer (Proxy).
    public enum IPMode: String, Sendable, Hashable, CaseIterable {
        case vip = "VIP"
        case proxy = "Proxy"
    }
    public var ip: IPAddress?
    public var hostname: String
    /// Nil means VIP.
    public var ipMode: IPMode?

    public init(ip: IPAddress?, hostname: String = "", ipMode: IPMode? = nil) {
        self.ip = ip
        self.hostname = hostname
        self.ipMode = ipMode
    }
}
