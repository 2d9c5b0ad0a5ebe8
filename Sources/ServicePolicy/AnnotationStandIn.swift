internal import KubernetesModel
internal import NetworkTypes

extension Service {
    var schedulerName: String? { metadata.annotations["fairway.dev/scheduler"] }
    var affinityIsForWholeService: Bool { metadata.annotations["fairway.dev/session-affinity-scope"] == "service" }
    var refusesWithoutLocalEndpoints: Bool { metadata.annotations["fairway.dev/no-local-endpoints"] == "reject" }
}

struct EndpointWeights {
    init?(annotations: [String: String]) { return nil }
    subscript(address: IPAddress) -> UInt16? { nil }
}
