/// What the annotations of a Service ask for, beyond the fields of its spec.
extension Service {
    /// Names of `fairway.dev/scheduler`, as IPVS has them (ipvsadm(8)); random is the default. One vocabulary for all
    /// dataplanes: one that cannot do what a name asks for does what comes nearest.
    public static let schedulerNames = ["random", "rr", "wrr", "lc", "wlc", "sed", "nq", "sh", "dh", "mh", "twos"]

    /// The scheduler that `fairway.dev/scheduler` names; nil when absent or unknown.
    public var schedulerName: String? {
        guard let name = metadata.annotations[AnnotationKey.scheduler], Self.schedulerNames.contains(name)
        else { return nil }
        return name
    }

    /// `fairway.dev/session-affinity-scope: service`: a client keeps its endpoint over all ports of
    /// the Service, where Kubernetes keeps it for each port alone.
    public var affinityIsForWholeService: Bool {
        metadata.annotations[AnnotationKey.sessionAffinityScope] == "service"
    }

    /// `fairway.dev/no-local-endpoints: reject`: where a Local policy leaves no endpoint, clients are
    /// told so at once, where Kubernetes drops their packets.
    public var refusesWithoutLocalEndpoints: Bool {
        metadata.annotations[AnnotationKey.noLocalEndpoints] == "reject"
    }

    /// Values of `fairway.dev/proxy-protocol`: which form of the PROXY header backends are sent.
    public static let proxyProtocolVersions = ["v1", "v2"]

    /// The version that `fairway.dev/proxy-protocol` names; nil when absent or unknown. Heeded where a process relays
    /// connections, the userspace mode.
    public var proxyProtocolVersion: String? {
        guard let name = metadata.annotations[AnnotationKey.proxyProtocol], Self.proxyProtocolVersions.contains(name)
        else { return nil }
        return name
    }

    /// `fairway.dev/keep-client-address: "true"`: backends see the client's address where routing allows it, also where
    /// a process relays connections.
    public var keepsClientAddress: Bool { metadata.annotations[AnnotationKey.keepClientAddress] == "true" }

    /// The topology annotation's value; the deprecated key wins, as in Kubernetes.
    public var topologyMode: String? {
        metadata.annotations[AnnotationKey.topologyAwareHints] ?? metadata.annotations[AnnotationKey.topologyMode]
    }

    /// The topology annotation asks for hints by the CPU of zones (KEP-2433), whatever
    /// `spec.trafficDistribution` says.
    public var asksForTopologyHints: Bool {
        topologyMode == "Auto" || topologyMode == "auto"
    }

    /// Fairway's own annotations on a Service, and the values of each.
    private static let annotationValues: [String: [String]] = [
        AnnotationKey.scheduler: schedulerNames,
        AnnotationKey.sessionAffinityScope: ["port", "service"],
        AnnotationKey.noLocalEndpoints: ["drop", "reject"],
        AnnotationKey.proxyProtocol: proxyProtocolVersions,
        AnnotationKey.keepClientAddress: ["false", "true"],
    ]

    /// A misspelt key or value would otherwise be ignored silently.
    func validateAnnotations(_ faults: inout FaultList) {
        for (key, value) in metadata.annotations.sorted(by: { $0.key < $1.key })
        where key.hasPrefix(AnnotationKey.fairwayPrefix) {
            let path = FieldPath("metadata", "annotations").appending(key)
            guard let values = Self.annotationValues[key] else {
                faults.add(path, Phrase.unsupported(key, of: Array(Self.annotationValues.keys)))
                continue
            }
            if !values.contains(value) { faults.add(path, Phrase.unsupported(value, of: values)) }
        }
    }
}
