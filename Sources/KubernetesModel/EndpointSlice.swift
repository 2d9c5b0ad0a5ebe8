public import NetworkTypes

/// `discovery.k8s.io/v1` EndpointSlice, trimmed.
public struct EndpointSlice: Sendable, Hashable {
    /// What the addresses of a slice are.
    public enum AddressType: String, Sendable, Hashable, CaseIterable {
        case ipv4 = "IPv4"
        case ipv6 = "IPv6"
        case fqdn = "FQDN"

        /// The family of IP addresses, nil for names.
        public var family: IPFamily? {
            switch self {
            case .ipv4: .ipv4
            case .ipv6: .ipv6
            case .fqdn: nil
            }
        }
    }

    public var metadata: ObjectMeta
    public var addressType: AddressType
    public var ports: [EndpointPort]
    public var endpoints: [Endpoint]

    public init(
        metadata: ObjectMeta, addressType: AddressType, ports: [EndpointPort] = [], endpoints: [Endpoint] = []
    ) {
        self.metadata = metadata
        self.addressType = addressType
        self.ports = ports
        self.endpoints = endpoints
    }

    /// The Service this slice belongs to, by its `kubernetes.io/service-name` label.
    public var serviceKey: ObjectKey? {
        guard let name = metadata.labels[LabelKey.serviceName], !name.isEmpty else { return nil }
        return ObjectKey(namespace: metadata.namespace, name: name)
    }
}

/// `discovery.k8s.io/v1` EndpointPort.
public struct EndpointPort: Sendable, Hashable {
    /// Nil: consumers ignore this port.
    public var name: String?
    public var `protocol`: TransportProtocol
    /// Nil: not restricted; consumers ignore this port.
    public var port: PortNumber?
    public var appProtocol: String?

    public init(name: String?, protocol: TransportProtocol = .tcp, port: PortNumber?, appProtocol: String? = nil) {
        self.name = name
        self.protocol = `protocol`
        self.port = port
        self.appProtocol = appProtocol
    }
}

/// `discovery.k8s.io/v1` Endpoint.
///
/// 32 bytes while it has one address and neither a node nor any other detail.
public struct Endpoint: Sendable, Hashable {
    private struct Details: UncommonFields {
        var otherAddresses: [IPAddress] = []
        var hostname: String?
        var nodeName: String?
        var zone: String?
        var targetRef: TargetRef?
        var hintZones: [String] = []
        var hintNodes: [String] = []
    }

    /// The address that consumers use. Nil for FQDN slices, whose names Fairway does not keep.
    public private(set) var firstAddress: IPAddress?
    /// As written: nil stands for the API's default (`isReady`, `isServing` true, `isTerminating` false).
    public var ready: Bool?
    public var serving: Bool?
    public var terminating: Bool?
    private var details: Uncommon<Details>

    public init(
        addresses: [IPAddress], ready: Bool? = nil, serving: Bool? = nil, terminating: Bool? = nil,
        hostname: String? = nil, nodeName: String? = nil, zone: String? = nil, targetRef: TargetRef? = nil,
        hintZones: [String] = [], hintNodes: [String] = []
    ) {
        firstAddress = addresses.first
        self.ready = ready
        self.serving = serving
        self.terminating = terminating
        details = Uncommon(
            Details(
                otherAddresses: Array(addresses.dropFirst()), hostname: hostname, nodeName: nodeName, zone: zone,
                targetRef: targetRef, hintZones: hintZones, hintNodes: hintNodes))
    }

    /// Consumers use the first only. Empty for FQDN slices.
    public var addresses: [IPAddress] {
        get { firstAddress.map { [$0] + details.fields.otherAddresses } ?? [] }
        set {
            firstAddress = newValue.first
            details.fields.otherAddresses = Array(newValue.dropFirst())
        }
    }

    public var hostname: String? {
        get { details.fields.hostname }
        set { details.fields.hostname = newValue }
    }

    public var nodeName: String? {
        get { details.fields.nodeName }
        set { details.fields.nodeName = newValue }
    }

    public var zone: String? {
        get { details.fields.zone }
        set { details.fields.zone = newValue }
    }

    public var targetRef: TargetRef? {
        get { details.fields.targetRef }
        set { details.fields.targetRef = newValue }
    }

    /// Zones of `hints.forZones`.
    public var hintZones: [String] {
        get { details.fields.hintZones }
        set { details.fields.hintZones = newValue }
    }

    /// Nodes of `hints.forNodes`.
    public var hintNodes: [String] {
        get { details.fields.hintNodes }
        set { details.fields.hintNodes = newValue }
    }

    /// The condition, or its default.
    public var isReady: Bool { ready ?? true }
    /// The condition, or its default.
    public var isServing: Bool { serving ?? true }
    /// The condition, or its default.
    public var isTerminating: Bool { terminating ?? false }
}

/// The object behind an endpoint, nearly always a Pod.
public struct TargetRef: Sendable, Hashable {
    public var kind: String
    public var namespace: String
    public var name: String
    public var uid: String

    public init(kind: String, namespace: String, name: String, uid: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }
}

/// `core/v1` Endpoints: hand-written endpoints of selectorless Services.
public struct Endpoints: Sendable, Hashable {
    /// Addresses that share ports.
    public struct Subset: Sendable, Hashable {
        public var addresses: [Address]
        public var notReadyAddresses: [Address]
        public var ports: [Port]

        public init(addresses: [Address] = [], notReadyAddresses: [Address] = [], ports: [Port] = []) {
            self.addresses = addresses
            self.notReadyAddresses = notReadyAddresses
            self.ports = ports
        }
    }

    /// `core/v1` EndpointAddress.
    public struct Address: Sendable, Hashable {
        public var ip: IPAddress
        public var hostname: String?
        public var nodeName: String?
        public var targetRef: TargetRef?

        public init(ip: IPAddress, hostname: String? = nil, nodeName: String? = nil, targetRef: TargetRef? = nil) {
            self.ip = ip
            self.hostname = hostname
            self.nodeName = nodeName
            self.targetRef = targetRef
        }
    }

    /// `core/v1` EndpointPort.
    public struct Port: Sendable, Hashable {
        public var name: String
        public var `protocol`: TransportProtocol
        public var port: PortNumber
        public var appProtocol: String?

        public init(name: String = "", protocol: TransportProtocol = .tcp, port: PortNumber, appProtocol: String? = nil) {
            self.name = name
            self.protocol = `protocol`
            self.port = port
            self.appProtocol = appProtocol
        }
    }

    public var metadata: ObjectMeta
    public var subsets: [Subset]

    public init(metadata: ObjectMeta, subsets: [Subset] = []) {
        self.metadata = metadata
        self.subsets = subsets
    }
}
