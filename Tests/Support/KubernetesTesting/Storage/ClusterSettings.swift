package import KubernetesModel
package import NetworkTypes
internal import FoundationEssentials

/// What a server is like, beyond its address.
package struct ClusterSettings: Sendable {
    /// ClusterIPs are given out of these, at most one of each family; the first is the family of single-stack Services.
    package var serviceRanges: [IPPrefix]
    package var nodePorts: ClosedRange<Int> = 30000...32767
    /// Changes of a resource that a watch can begin before. The API server keeps five minutes.
    package var historyLimit = 20_000
    /// Between two bookmarks of a watch.
    package var bookmarkInterval: Duration = .seconds(60)
    /// Of a watch that names no time.
    package var watchTimeout: Duration = .seconds(1800)
    /// `sendInitialEvents` is understood; else it is answered with 422, as by servers without WatchList.
    package var hasStreamingLists = true
    /// Lists, gets and watches are answered in protobuf where it is asked for.
    package var hasProtobuf = true
    /// Objects go into namespaces that exist, only.
    package var requiresNamespaces = true
    /// Whoever writes an object writes its status with it: for a cluster without kubelets.
    package var keepsStatus = false
    /// A deleted Pod that is bound to a node stays, terminating, until it is deleted with a grace period of 0.
    package var hasTerminatingPods = false
    /// Bearer tokens and who they are; empty, and no client certificates asked for: everybody may do everything.
    package var tokens: [String: String] = [:]
    /// A client without a token must show a certificate of the server's authority.
    package var requiresAuthentication = false
    /// Who may do what; nil: everybody everything.
    package var authorize: (@Sendable (_ user: String, _ request: APIRequest) -> Bool)?
    /// Of `creationTimestamp`.
    package var now: @Sendable () -> Timestamp = {
        Timestamp(seconds: Int64(Date().timeIntervalSince1970))
    }
    /// Requests kept for the test to look at; older ones are forgotten.
    package var requestLogLimit = 10_000
    /// `POST /testing/...` does what tests in the process do: for shell scripts and benchmarks.
    package var hasControl = false

    package init() {
        serviceRanges = ["10.96.0.0/16", "fd00:10:96::/112"].compactMap { IPPrefix($0) }
    }
}
