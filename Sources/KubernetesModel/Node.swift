public import NetworkTypes

/// `core/v1` Node, trimmed.
public struct Node: Sendable, Hashable {
    /// `core/v1` NodeAddress.
    public struct Address: Sendable, Hashable {
        /// `InternalIP`, `ExternalIP`, `Hostname`, ...
        public var type: String
        public var address: String

        public init(type: String, address: String) {
            self.type = type
            self.address = address
        }
    }

    public var metadata: ObjectMeta
    public var podCIDRs: [IPPrefix]
    public var addresses: [Address]
    /// Keys of `spec.taints`.
    public var taintKeys: [String]
    /// The Ready condition is True.
    public var isReady: Bool
    /// `status.allocatable.cpu` in millicores, 0 when unknown.
    public var allocatableMilliCPU: Int64

    public init(
        metadata: ObjectMeta, podCIDRs: [IPPrefix] = [], addresses: [Address] = [], taintKeys: [String] = [],
        isReady: Bool = false, allocatableMilliCPU: Int64 = 0
    ) {
        self.metadata = metadata
        self.podCIDRs = podCIDRs
        self.addresses = addresses
        self.taintKeys = taintKeys
        self.isReady = isReady
        self.allocatableMilliCPU = allocatableMilliCPU
    }

    /// The `topology.kubernetes.io/zone` label, nil when absent or empty.
    public var zone: String? {
        guard let zone = metadata.labels[LabelKey.zone], !zone.isEmpty else { return nil }
        return zone
    }

    /// `InternalIP` addresses that parse, in order.
    public var internalIPs: [IPAddress] {
        addresses.compactMap { $0.type == "InternalIP" ? IPAddress($0.address) : nil }
    }
}

/// `core/v1` Namespace.
public struct Namespace: Sendable, Hashable {
    public var metadata: ObjectMeta

    public init(metadata: ObjectMeta) {
        self.metadata = metadata
    }
}

/// `networking.k8s.io/v1` ServiceCIDR.
public struct ServiceCIDR: Sendable, Hashable {
    public var metadata: ObjectMeta
    public var cidrs: [IPPrefix]

    public init(metadata: ObjectMeta, cidrs: [IPPrefix]) {
        self.metadata = metadata
        self.cidrs = cidrs
    }
}
