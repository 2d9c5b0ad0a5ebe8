internal import KubernetesModel
internal import NetworkTypes

/// The endpoints that pods make in one family, grouped by their port list.
struct DesiredEndpoints {
    struct Group {
        let ports: [EndpointPort]
        let portSet: PortSet
    }

    struct Entry {
        let podName: String
        let group: Int
        var endpoint: Endpoint
        /// See ``EndpointWeights``.
        let weight: UInt16
    }

    private(set) var groups: [Group] = []
    private(set) var entries: [Entry] = []
    let hints: HintPolicy

    init(
        of pods: [Pod], service: Service, family: IPFamily, ports: PodPorts, nodes: NodeZones,
        options: SliceReconciler.Options
    ) {
        hints = HintPolicy(service)
        entries.reserveCapacity(pods.count)
        for pod in pods {
            guard pod.phase != .succeeded, pod.phase != .failed,
                let address = pod.podIPs.first(where: { $0.family == family })
            else { continue }
            if options.skipsPodsOfUnknownNodes, !service.spec.publishNotReadyAddresses,
                !nodes.contains(pod.nodeName)
            { continue }
            var endpoint = Self.endpoint(of: pod, at: address, service: service, nodes: nodes)
            hints.point(&endpoint)
            entries.append(
                Entry(
                    podName: pod.metadata.name, group: group(of: ports.resolved(for: pod)), endpoint: endpoint,
                    weight: pod.weight))
        }
    }

    /// The wanted endpoint in the place of an older one of the same pod.
    func endpoint(_ index: Int, after old: Endpoint) -> Endpoint {
        var endpoint = entries[index].endpoint
        hints.keep(of: old, in: &endpoint)
        return endpoint
    }

    /// The index of the group with these ports, made if there is none. A Service has few: linear.
    private mutating func group(of ports: [EndpointPort]) -> Int {
        if let index = groups.firstIndex(where: { $0.ports == ports }) { return index }
        groups.append(Group(ports: ports, portSet: PortSet(ports)))
        return groups.count - 1
    }

    private static func endpoint(of pod: Pod, at address: IPAddress, service: Service, nodes: NodeZones) -> Endpoint {
        let isTerminating = pod.metadata.deletionTimestamp != nil
        let isNamed =
            !pod.hostname.isEmpty && pod.subdomain == service.metadata.name
            && pod.metadata.namespace == service.metadata.namespace
        return Endpoint(
            addresses: [address],
            ready: service.spec.publishNotReadyAddresses || (pod.isReady && !isTerminating),
            serving: pod.isReady,
            terminating: isTerminating,
            hostname: isNamed ? pod.hostname : nil,
            nodeName: pod.nodeName.isEmpty ? nil : pod.nodeName,
            zone: nodes.zone(of: pod.nodeName),
            targetRef: TargetRef(
                kind: "Pod", namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid))
    }
}
