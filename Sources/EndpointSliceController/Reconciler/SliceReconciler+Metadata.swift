internal import KubernetesModel

extension SliceReconciler {
    /// Labels the controller owns; a Service that carries them does not pass them on.
    private static let reservedLabels = [LabelKey.serviceName, LabelKey.managedBy, LabelKey.headless]

    /// The labels of each slice of a Service: the Service's own, and those that tell consumers
    /// whose the slice is.
    static func labels(of service: Service) -> [String: String] {
        var labels = service.metadata.labels
        for key in reservedLabels { labels[key] = nil }
        labels[LabelKey.serviceName] = service.metadata.name
        labels[LabelKey.managedBy] = SliceManager.controller
        if service.spec.isHeadless { labels[LabelKey.headless] = "" }
        return labels
    }

    static func metadata(named name: String, of service: Service, labels: [String: String], weights: EndpointWeights) -> ObjectMeta {
        ObjectMeta(
            name: name, namespace: service.metadata.namespace, generateName: "\(service.metadata.name)-",
            labels: labels,
            annotations: weights.annotation.map { [AnnotationKey.endpointWeights: $0] } ?? [:],
            ownerReferences: [
                OwnerReference(
                    apiVersion: "v1", kind: "Service", name: service.metadata.name, uid: service.metadata.uid,
                    controller: true, blockOwnerDeletion: true)
            ])
    }

    /// The slice with the time of the change that made it what it is, or without any: an older
    /// time on a newer change would be measured as a slow network.
    static func stamped(_ slice: EndpointSlice, _ time: Timestamp?) -> EndpointSlice {
        var slice = slice
        slice.metadata.annotations[AnnotationKey.lastChangeTriggerTime] = time?.description
        return slice
    }
}

extension EndpointWeights {
    /// The value of the slice's annotation, nil when it is left out.
    var annotation: String? { isEmpty ? nil : text }

    /// Notes the weight of an endpoint, by the address that consumers use. Nothing to do for most.
    mutating func set(_ weight: UInt16, of endpoint: Endpoint) {
        guard !isEmpty || weight != Self.standard, let address = endpoint.firstAddress else { return }
        self[address] = weight
    }
}
