internal import KubernetesModel
internal import NetworkTypes
internal import ServiceTable

/// Decides one Service: its service ports with frontends, verdicts and backends.
struct ServiceDecision {
    let options: PolicyOptions
    let node: OwnNode
    let localDetector: LocalDetector

    /// The service ports of `service` in both families, in the order of the spec; empty for Services
    /// that a proxy ignores: ExternalName, headless, not yet allocated, or handed to another proxy by
    /// the `service.kubernetes.io/service-proxy-name` label.
    func servicePorts(
        of service: Service, slices: [EndpointSlice], previous: (ServicePortKey, [FrontendKey]) -> ServicePort?
    ) -> [ServicePort] {
        guard service.spec.type != .externalName, service.metadata.labels[LabelKey.serviceProxyName] == nil else {
            return []
        }
        let settings = ServiceSettings(service, defaultScheduler: options.scheduler)
        var result: [ServicePort] = []
        for clusterIP in service.spec.clusterAddresses {
            let outside = outsideAddresses(of: service, family: clusterIP.family, besides: clusterIP)
            for port in service.spec.ports {
                let key = ServicePortKey(
                    id: ServicePortID(
                        namespace: service.metadata.namespace, service: service.metadata.name, portName: port.name,
                        protocol: port.protocol),
                    family: clusterIP.family)
                let selection = EndpointSelection(
                    portName: port.name, protocol: port.protocol, family: clusterIP.family, slices: slices, node: node)
                let frontends = frontends(
                    of: service.spec, port: port, clusterIP: clusterIP, outside: outside, settings, selection)
                let old = previous(key, frontends.map { $0.key(in: key) })
                result.append(servicePort(key, frontends: frontends, settings, selection, previous: old))
            }
        }
        return result
    }

    /// An address beside the ClusterIP.
    private struct OutsideAddress {
        let kind: Frontend.Kind
        let address: IPAddress
        var allowedSources: [IPPrefix]?
    }

    /// Load balancer addresses that this node takes traffic to itself, then externalIPs, each once.
    ///
    /// Source ranges hold for load balancer addresses alone. Given for one family only, they let nobody
    /// of the other in: kube-proxy leaves that family open to all.
    private func outsideAddresses(
        of service: Service, family: IPFamily, besides clusterIP: IPAddress
    ) -> [OutsideAddress] {
        if service.spec.externalIPs.isEmpty && service.status.loadBalancerIngress.isEmpty { return [] }
        var taken: Set<IPAddress> = [clusterIP]
        var result: [OutsideAddress] = []
        for ingress in service.status.loadBalancerIngress where ingress.ipMode != .proxy {
            guard let address = ingress.ip, address.family == family, taken.insert(address).inserted else { continue }
            let sources = allowedSources(service.spec.loadBalancerSourceRanges, to: address)
            result.append(OutsideAddress(kind: .loadBalancerIP, address: address, allowedSources: sources))
        }
        for address in service.spec.externalIPs where address.family == family && taken.insert(address).inserted {
            result.append(OutsideAddress(kind: .externalIP, address: address))
        }
        return result
    }

    /// Nil when everybody may. A range that lets this node in lets in the address itself too: packets of
    /// the node to it can carry it as their source.
    private func allowedSources(_ ranges: [IPPrefix], to address: IPAddress) -> [IPPrefix]? {
        if ranges.isEmpty { return nil }
        var allowed = ranges.filter { $0.family == address.family }
        if allowed.contains(where: { $0.length == 0 }) { return nil }
        if node.addresses.contains(where: { own in allowed.contains { $0.contains(own) } }) {
            allowed.append(IPPrefix(address))
        }
        return IPPrefix.outermost(of: allowed)
    }

    private func frontends(
        of spec: ServiceSpec, port: ServicePortSpec, clusterIP: IPAddress, outside: [OutsideAddress],
        _ settings: ServiceSettings, _ selection: EndpointSelection
    ) -> [Frontend] {
        var frontends = [
            Frontend(
                kind: .clusterIP, destination: .address(clusterIP), port: port.port,
                verdicts: clusterIPVerdicts(spec.internalTrafficPolicy, clusterIP.family, settings, selection))
        ]
        if outside.isEmpty && port.nodePort == nil { return frontends }
        let verdicts = externalVerdicts(spec.externalTrafficPolicy, settings, selection)
        for item in outside {
            frontends.append(
                Frontend(
                    kind: item.kind, destination: .address(item.address), port: port.port,
                    allowedSources: item.allowedSources, verdicts: verdicts))
        }
        if let nodePort = port.nodePort {
            frontends.append(
                Frontend(kind: .nodePort, destination: .nodeAddresses, port: nodePort, verdicts: verdicts))
        }
        return frontends
    }

    private func servicePort(
        _ key: ServicePortKey, frontends: [Frontend], _ settings: ServiceSettings, _ selection: EndpointSelection,
        previous: ServicePort?
    ) -> ServicePort {
        let uses = { (scope: BackendScope) in frontends.contains { $0.verdicts.balances(over: scope) } }
        let empty = BackendSet([])
        let cluster =
            uses(.cluster) ? (previous?.clusterBackends ?? empty).updated(to: selection.cluster) : empty
        let local = uses(.local) ? (previous?.localBackends ?? empty).updated(to: selection.local) : empty
        return ServicePort(
            key: key, affinity: settings.affinity, scheduler: settings.scheduler, clusterBackends: cluster,
            localBackends: local, frontends: frontends, lingering: selection.lingering(beside: cluster, local),
            relay: settings.relay)
    }

    /// Verdicts of a ClusterIP (reference 1.4, first, fourth and sixth rows; 1.5).
    private func clusterIPVerdicts(
        _ policy: TrafficPolicy, _ family: IPFamily, _ settings: ServiceSettings, _ selection: EndpointSelection
    ) -> OriginVerdicts {
        let scope: BackendScope = policy == .local ? .local : .cluster
        let usable = scope == .local ? selection.local : selection.cluster
        guard !usable.isEmpty else { return OriginVerdicts(all: selection.hasAny ? settings.withoutLocalEndpoint : .reject) }
        // Without a detector nobody is known to be outside; then only masquerade-all masquerades.
        let offCluster = localDetector.tellsPods(of: family) || options.masqueradeAll
        return OriginVerdicts(
            pod: .balance(scope, masquerade: options.masqueradeAll),
            node: .balance(scope, masquerade: offCluster),
            outside: .balance(scope, masquerade: offCluster))
    }

    /// Verdicts of NodePorts and of other addresses that reach in from outside (reference 1.4, 1.5).
    private func externalVerdicts(
        _ policy: TrafficPolicy, _ settings: ServiceSettings, _ selection: EndpointSelection
    ) -> OriginVerdicts {
        guard selection.hasAny else { return OriginVerdicts(all: .reject) }
        switch policy {
        case .cluster:
            return OriginVerdicts(all: .balance(.cluster, masquerade: true))
        case .local:
            // Pods and the node itself are not outside: they reach every endpoint (short-circuit).
            return OriginVerdicts(
                pod: .balance(.cluster, masquerade: false),
                node: .balance(.cluster, masquerade: true),
                outside: selection.local.isEmpty ? settings.withoutLocalEndpoint : .balance(.local, masquerade: false))
        }
    }
}

extension OriginVerdicts {
    /// Some origin is balanced over this scope.
    func balances(over scope: BackendScope) -> Bool {
        [pod, node, outside].contains {
            if case .balance(scope, _) = $0 { true } else { false }
        }
    }
}
