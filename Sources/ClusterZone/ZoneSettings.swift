public import DNSWire
public import KubernetesModel
public import NetworkTypes

/// What decides how a cluster's objects become names.
public struct ZoneSettings: Sendable, Hashable {
    /// Names of pods: `1-2-3-4.NAMESPACE.pod.ZONE`.
    public enum PodNames: String, Sendable, Hashable, CaseIterable {
        /// Any address, as long as the namespace exists.
        case insecure
        /// Addresses of live pods of that namespace only.
        case verified
        /// None.
        case disabled
    }

    /// The cluster's domain, in lower case.
    public var domain: DomainName
    /// Seconds, of every record.
    public var timeToLive: UInt32
    /// Seconds, SOA's minimum.
    public var negativeTimeToLive: UInt32
    public var podNames: PodNames
    /// ClusterIPs and pods: Fairway is the authority for these addresses' PTR names, whether they exist or not.
    public var reverseRanges: [IPPrefix]
    /// Addresses this server is reached at, for `ns.dns.ZONE` and NS.
    public var serverAddresses: [IPAddress]
    /// The Service this server answers for (`--dns-service`): what NS names.
    public var serverService: ObjectKey?
    /// Nil: every namespace. Others do not exist.
    public var namespaces: Set<String>?
    /// Nil: every Service.
    public var labels: LabelSelector?
    /// A namespace exists only as a Namespace object (a cluster's API tells them all). False: also where an object is
    /// in it, as with manifests.
    public var requiresNamespaceObjects: Bool

    public init(
        domain: DomainName, timeToLive: UInt32 = 30, negativeTimeToLive: UInt32 = 5, podNames: PodNames = .insecure,
        reverseRanges: [IPPrefix] = [], serverAddresses: [IPAddress] = [], serverService: ObjectKey? = nil,
        namespaces: Set<String>? = nil, labels: LabelSelector? = nil, requiresNamespaceObjects: Bool = false
    ) {
        self.domain = domain
        self.timeToLive = timeToLive
        self.negativeTimeToLive = negativeTimeToLive
        self.podNames = podNames
        self.reverseRanges = reverseRanges
        self.serverAddresses = serverAddresses
        self.serverService = serverService
        self.namespaces = namespaces
        self.labels = labels
        self.requiresNamespaceObjects = requiresNamespaceObjects
    }
}
