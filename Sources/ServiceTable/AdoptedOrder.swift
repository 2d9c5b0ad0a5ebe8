/// The order in which a dataplane that was already running holds the backends of each frontend, so
/// that a restarted daemon does not shuffle them.
public struct AdoptedOrder: Sendable, Hashable {
    /// Backends by index, as the cluster-wide set of the frontend has them. Only address and port count.
    public var cluster: [FrontendKey: [Backend]]
    /// The same for the node-local set.
    public var local: [FrontendKey: [Backend]]

    public init(cluster: [FrontendKey: [Backend]] = [:], local: [FrontendKey: [Backend]] = [:]) {
        self.cluster = cluster
        self.local = local
    }

    public var isEmpty: Bool { cluster.isEmpty && local.isEmpty }

    /// A service port that stands in for the previous one: its sets are in the adopted order, its
    /// frontends are not known. Nil when neither set is.
    ///
    /// Each set is looked for under every frontend: a dataplane holds it only where a verdict balances
    /// over it, so that of `externalTrafficPolicy: Local` is under the NodePort and not the ClusterIP.
    public func servicePort(_ key: ServicePortKey, frontends: [FrontendKey]) -> ServicePort? {
        if isEmpty { return nil }
        let cluster = frontends.lazy.compactMap { self.cluster[$0] }.first
        let local = frontends.lazy.compactMap { self.local[$0] }.first
        if cluster == nil && local == nil { return nil }
        return ServicePort(
            key: key, clusterBackends: BackendSet(cluster ?? []), localBackends: BackendSet(local ?? []),
            frontends: [])
    }
}
