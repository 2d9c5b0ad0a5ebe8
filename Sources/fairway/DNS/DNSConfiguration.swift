internal import ClusterZone
internal import DNSForwarder
internal import DNSWire
internal import KubernetesModel
internal import LinuxSystem
internal import NetworkTypes
internal import Observability

/// What the operator chose for cluster DNS, checked.
struct DNSConfiguration: Sendable {
    /// Who is asked about names outside the cluster.
    enum Forwarding: Sendable, Hashable {
        /// The servers of /etc/resolv.conf, read at the start.
        case resolvConf
        case servers([UpstreamAddress])
        /// Nobody: such questions are refused.
        case none
    }

    var listen: [SocketAddress]
    var domain: DomainName
    var forwarding: Forwarding
    /// Domains with servers of their own.
    var stubs: [StubDomain]
    /// The Service whose ClusterIP is answered at on this node.
    var service: ObjectKey?
    /// Further addresses that are made local, such as 169.254.20.10.
    var localAddresses: [IPAddress]
    var podNames: ZoneSettings.PodNames
    /// Seconds.
    var timeToLive: UInt32
    var negativeTimeToLive: UInt32
    /// Bytes of the cache of forwarded answers; 0: none.
    var cacheBytes: Int
    var answersSearchPath: Bool
    var answersAnyWithHINFO: Bool
    /// Nil: every namespace.
    var namespaces: Set<String>?
    var namespaceLabels: LabelSelector?
    /// Nil: every Service.
    var labels: LabelSelector?
    /// Threads that answer UDP.
    var workers: Int
    var logsQueries: Bool
    /// NXDOMAIN answers of one client in a second; 0: not limited.
    var nameErrorRate: Int
    var health: ListenAddress?
    var ready: ListenAddress?
    var metrics: ListenAddress?
    /// Data older than this is not ready; nil: however old.
    var maximumStaleness: Duration?
    /// Service ranges and cluster CIDRs, whose PTR names Fairway answers.
    var reverseRanges: [IPPrefix]
    /// This node's name, as Pods spell it.
    var nodeName: String
    /// Empty: nothing is remembered.
    var stateDirectory: String
}
