internal import KubernetesModel

/// What of an object is wanted.
package enum ObjectContents: Sendable, Hashable {
    case all
    /// What names are made of, and what makes endpoints of pods. Half the memory of a large cluster, whose endpoints
    /// each name a pod, its uid, a node and a zone.
    case names

    func trimmed(_ object: KubernetesObject, _ lists: inout PortLists) -> KubernetesObject {
        guard self == .names else { return object }
        switch object {
        case .service(var service):
            service.metadata = Self.named(service.metadata, labels: service.metadata.labels)
            service.spec.loadBalancerSourceRanges = []
            service.spec.externalIPs = []
            service.spec.ports = lists.shared(service.spec.ports)
            service.status = ServiceStatus()
            return .service(service)
        case .endpointSlice(var slice):
            let kept = slice.metadata.labels.filter { Self.sliceLabels.contains($0.key) }
            let time = slice.metadata.annotations[AnnotationKey.lastChangeTriggerTime]
            slice.metadata = Self.named(slice.metadata, labels: kept)
            slice.metadata.annotations = time.map { [AnnotationKey.lastChangeTriggerTime: $0] } ?? [:]
            slice.endpoints = slice.endpoints.map(Self.trimmed)
            slice.ports = lists.shared(slice.ports)
            return .endpointSlice(slice)
        case .pod, .endpoints, .node, .namespace, .serviceCIDR: return object
        }
    }

    /// What says whose slice it is.
    private static let sliceLabels: Set<String> = [LabelKey.serviceName, LabelKey.managedBy]

    private static func named(_ metadata: ObjectMeta, labels: [String: String]) -> ObjectMeta {
        ObjectMeta(
            name: metadata.name, namespace: metadata.namespace, labels: labels,
            creationTimestamp: metadata.creationTimestamp, deletionTimestamp: metadata.deletionTimestamp)
    }

    private static func trimmed(_ endpoint: Endpoint) -> Endpoint {
        Endpoint(
            addresses: endpoint.addresses, ready: endpoint.ready, serving: endpoint.serving,
            terminating: endpoint.terminating, hostname: endpoint.hostname)
    }
}
