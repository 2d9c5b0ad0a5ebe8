package import KubernetesModel
import NetworkTypes

extension Service {
    /// A Service as the API server would hand it out. `clusterIPs` may hold `None`; families follow from
    /// the addresses. A nil selector becomes `app: name`; an empty one is a Service without selector.
    package static func make(
        _ name: String, namespace: String = "default", type: ServiceType = .clusterIP,
        clusterIPs: [String] = [], ports: [ServicePortSpec] = [ServicePortSpec(port: 80)],
        selector: [String: String]? = nil, labels: [String: String] = [:], annotations: [String: String] = [:],
        uid: String? = nil, configure: (inout Service) -> Void = { _ in }
    ) -> Service {
        let addresses = clusterIPs.map { $0 == "None" ? ClusterIP.none : .address(ip($0)) }
        var service = Service(
            metadata: ObjectMeta(
                name: name, namespace: namespace, uid: uid ?? "service-\(namespace)-\(name)", labels: labels,
                annotations: annotations),
            spec: ServiceSpec(
                type: type, clusterIPs: addresses,
                ipFamilies: addresses.compactMap { if case .address(let address) = $0 { address.family } else { nil } },
                ports: ports, selector: selector ?? ["app": name]))
        configure(&service)
        return service
    }
}

extension Pod {
    /// A running Pod. Nil labels become `app` with the name up to its last `-`: `web-1` is of `web`.
    package static func make(
        _ name: String, namespace: String = "default", ip address: String? = nil, ips: [String] = [],
        node: String = "node-a", labels: [String: String]? = nil, ready: Bool = true, terminating: Bool = false,
        phase: Phase = .running, containerPorts: [ContainerPort] = [], uid: String? = nil,
        configure: (inout Pod) -> Void = { _ in }
    ) -> Pod {
        let app = name.lastIndex(of: "-").map { String(name[..<$0]) } ?? name
        var pod = Pod(
            metadata: ObjectMeta(
                name: name, namespace: namespace, uid: uid ?? "pod-\(namespace)-\(name)",
                labels: labels ?? ["app": app],
                deletionTimestamp: terminating ? Timestamp(seconds: 1_700_000_000) : nil),
            nodeName: node, containerPorts: containerPorts, phase: phase,
            podIPs: ([address].compactMap(\.self) + ips).map { KubernetesModelTesting.ip($0) }, isReady: ready)
        configure(&pod)
        return pod
    }
}

extension EndpointSlice {
    /// A slice of one Service. Without an address type, that of the first endpoint's address, else IPv4.
    package static func make(
        _ name: String, namespace: String = "default", service: String?, addressType: AddressType? = nil,
        ports: [EndpointPort] = [EndpointPort(name: "", port: 80)], endpoints: [Endpoint] = [],
        labels: [String: String] = [:], managedBy: String? = nil,
        configure: (inout EndpointSlice) -> Void = { _ in }
    ) -> EndpointSlice {
        var labels = labels
        labels[LabelKey.serviceName] = service
        labels[LabelKey.managedBy] = managedBy
        let family = endpoints.first?.addresses.first?.family ?? .ipv4
        var slice = EndpointSlice(
            metadata: ObjectMeta(name: name, namespace: namespace, uid: "slice-\(namespace)-\(name)", labels: labels),
            addressType: addressType ?? (family == .ipv4 ? .ipv4 : .ipv6), ports: ports, endpoints: endpoints)
        configure(&slice)
        return slice
    }
}

extension Endpoint {
    /// An endpoint with the three conditions as the controller writes them.
    package static func make(
        _ address: String, ready: Bool = true, serving: Bool? = nil, terminating: Bool = false,
        node: String? = nil, zone: String? = nil, hintZones: [String] = [], hintNodes: [String] = []
    ) -> Endpoint {
        Endpoint(
            addresses: [ip(address)], ready: ready, serving: serving ?? ready, terminating: terminating,
            nodeName: node, zone: zone, hintZones: hintZones, hintNodes: hintNodes)
    }
}

extension Node {
    /// A ready node with its zone label.
    package static func make(
        _ name: String, zone: String? = nil, internalIPs: [String] = [], podCIDRs: [String] = [], ready: Bool = true,
        milliCPU: Int64 = 4000, labels: [String: String] = [:]
    ) -> Node {
        var labels = labels
        labels[LabelKey.hostname] = name
        labels[LabelKey.zone] = zone
        return Node(
            metadata: ObjectMeta(name: name, uid: "node-\(name)", labels: labels),
            podCIDRs: podCIDRs.map { prefix($0) },
            addresses: internalIPs.map { Address(type: "InternalIP", address: $0) }, isReady: ready,
            allocatableMilliCPU: milliCPU)
    }
}

extension Namespace {
    /// A namespace with these labels.
    package static func make(_ name: String, labels: [String: String] = [:]) -> Namespace {
        Namespace(metadata: ObjectMeta(name: name, uid: "namespace-\(name)", labels: labels))
    }
}

extension ServiceCIDR {
    /// The blocks ClusterIPs are allocated from.
    package static func make(_ name: String, cidrs: [String]) -> ServiceCIDR {
        ServiceCIDR(metadata: ObjectMeta(name: name), cidrs: cidrs.map { prefix($0) })
    }
}

extension Endpoints {
    /// Hand-written endpoints with one subset.
    package static func make(
        _ name: String, namespace: String = "default", addresses: [String], notReadyAddresses: [String] = [],
        ports: [Port] = [Port(port: 80)]
    ) -> Endpoints {
        Endpoints(
            metadata: ObjectMeta(name: name, namespace: namespace),
            subsets: [
                Subset(
                    addresses: addresses.map { Address(ip: ip($0)) },
                    notReadyAddresses: notReadyAddresses.map { Address(ip: ip($0)) }, ports: ports)
            ])
    }
}
