import KubernetesModel
import NetworkTypes

/// A ready pod, `app: web` unless told otherwise.
func pod(
    _ name: String, _ addresses: String..., namespace: String = "default", labels: [String: String] = ["app": "web"],
    node: String = "", ready: Bool = true, phase: Pod.Phase = .running, terminating: Bool = false,
    ports: [ContainerPort] = [], transition: Int64? = nil, weight: String? = nil
) -> KubernetesObject {
    .pod(
        Pod(
            metadata: ObjectMeta(
                name: name, namespace: namespace, uid: "uid-\(name)", labels: labels,
                annotations: weight.map { [AnnotationKey.weight: $0] } ?? [:],
                deletionTimestamp: terminating ? Timestamp(seconds: 1) : nil),
            nodeName: node, containerPorts: ports, phase: phase, podIPs: addresses.compactMap { IPAddress($0) },
            isReady: ready, readyTransitionTime: transition.map { Timestamp(seconds: $0) }))
}

/// Many ready pods `NAME-000`... with addresses counted up from 10.0.0.1.
func pods(_ range: Range<Int>, name: String = "web", labels: [String: String] = ["app": "web"]) -> [KubernetesObject] {
    range.map { number in
        let digits = String(number)
        let padded = String(repeating: "0", count: 4 - digits.count) + digits
        return pod("\(name)-\(padded)", IPAddress(v4: 0x0A00_0001 + UInt32(number)).description, labels: labels)
    }
}

func service(
    _ name: String = "web", namespace: String = "default", selector: [String: String] = ["app": "web"],
    families: [IPFamily] = [.ipv4], ports: [ServicePortSpec] = [ServicePortSpec(port: 80)],
    labels: [String: String] = [:], type: ServiceType = .clusterIP, publishNotReady: Bool = false,
    trafficDistribution: String? = nil, topologyMode: String? = nil, created: Int64? = nil
) -> KubernetesObject {
    .service(
        Service(
            metadata: ObjectMeta(
                name: name, namespace: namespace, labels: labels,
                annotations: topologyMode.map { [AnnotationKey.topologyMode: $0] } ?? [:],
                creationTimestamp: created.map { Timestamp(seconds: $0) }),
            spec: ServiceSpec(
                type: type, ipFamilies: families, ports: ports, selector: selector,
                publishNotReadyAddresses: publishNotReady, trafficDistribution: trafficDistribution)))
}

func node(
    _ name: String, zone: String?, ready: Bool = true, milliCPU: Int64 = 0, role: String? = nil
) -> KubernetesObject {
    var labels: [String: String] = [:]
    labels[LabelKey.zone] = zone
    if let role { labels[role] = "" }
    return .node(
        Node(metadata: ObjectMeta(name: name, labels: labels), isReady: ready, allocatableMilliCPU: milliCPU))
}

func managedSlice(
    _ name: String, service: String = "web", manager: String = SliceManager.controller, endpoints: [Endpoint] = [],
    ports: [EndpointPort] = [EndpointPort(name: "", port: 80)]
) -> EndpointSlice {
    EndpointSlice(
        metadata: ObjectMeta(
            name: name, namespace: "default",
            labels: [LabelKey.serviceName: service, LabelKey.managedBy: manager]),
        addressType: .ipv4, ports: ports, endpoints: endpoints)
}

func podEndpoint(_ name: String, _ address: String, ready: Bool = true) -> Endpoint {
    Endpoint(
        addresses: IPAddress(address).map { [$0] } ?? [], ready: ready, serving: ready, terminating: false,
        targetRef: TargetRef(kind: "Pod", namespace: "default", name: name, uid: "uid-\(name)"))
}
