/// Well-known label and annotation keys.
public enum LabelKey {
    public static let serviceName = "kubernetes.io/service-name"
    public static let headless = "service.kubernetes.io/headless"
    public static let serviceProxyName = "service.kubernetes.io/service-proxy-name"
    public static let managedBy = "endpointslice.kubernetes.io/managed-by"
    public static let skipMirror = "endpointslice.kubernetes.io/skip-mirror"
    public static let zone = "topology.kubernetes.io/zone"
    public static let hostname = "kubernetes.io/hostname"
    public static let controlPlane = "node-role.kubernetes.io/control-plane"
    /// Written by kubeadm before Kubernetes 1.24.
    public static let legacyControlPlane = "node-role.kubernetes.io/master"
}

/// Well-known annotation keys.
public enum AnnotationKey {
    public static let lastChangeTriggerTime = "endpoints.kubernetes.io/last-change-trigger-time"
    public static let topologyMode = "service.kubernetes.io/topology-mode"
    public static let topologyAwareHints = "service.kubernetes.io/topology-aware-hints"
    public static let leaderElection = "control-plane.alpha.kubernetes.io/leader"
    public static let fairwayPrefix = "fairway.dev/"
    /// On a Service: how connections are shared out; see ``Service/schedulerName``.
    public static let scheduler = "fairway.dev/scheduler"
    /// On a Service; see ``Service/affinityIsForWholeService``.
    public static let sessionAffinityScope = "fairway.dev/session-affinity-scope"
    /// On a Service; see ``Service/refusesWithoutLocalEndpoints``.
    public static let noLocalEndpoints = "fairway.dev/no-local-endpoints"
    /// On a Service; see ``Service/proxyProtocolVersion``.
    public static let proxyProtocol = "fairway.dev/proxy-protocol"
    /// On a Service; see ``Service/keepsClientAddress``.
    public static let keepClientAddress = "fairway.dev/keep-client-address"
    /// On a Pod; see ``Pod/weight``.
    public static let weight = "fairway.dev/weight"
    /// On an EndpointSlice; see ``EndpointWeights``.
    public static let endpointWeights = "fairway.dev/endpoint-weights"

    /// What `kubectl apply` notes: the whole object once more.
    public static let lastAppliedConfiguration = "kubectl.kubernetes.io/last-applied-configuration"

    private static let kept: Set<String> = [
        lastChangeTriggerTime, topologyMode, topologyAwareHints, leaderElection,
    ]

    /// Decoding keeps it on objects of every kind: it is read here.
    public static func isKept(_ key: String) -> Bool { key.hasPrefix(fairwayPrefix) || kept.contains(key) }
}

/// Values of the `endpointslice.kubernetes.io/managed-by` label.
public enum SliceManager {
    public static let controller = "endpointslice-controller.k8s.io"
    public static let mirroring = "endpointslicemirroring-controller.k8s.io"
}
