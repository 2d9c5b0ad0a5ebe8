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
        var result: [ServicePort] = []
        for clusterIP in service.spec.clusterAddresses {
            for port in service.spec.ports {
                let key = ServicePortKey(
                    id: ServicePortID(
                        namespace: service.metadata.namespace, service: service.metadata.name, portName: port.name,
                        protocol: port.protocol),
                    family: clusterIP.family)
                let selection = EndpointSelection(
                    portName: port.name, protocol: port.protocol, family: clusterIP.family, slices: slices, node: node)
                let frontends = frontends(of: service.spec, port: port, clusterIP: clusterIP, selection)
                let old = previous(key, frontends.map { $0.key(in: key) })
                result.append(servicePort(key, frontends: frontends, selection, previous: old))
            }
        }
        return result
    }

    private func frontends(
        of spec: ServiceSpec, port: ServicePortSpec, clusterIP: IPAddress, _ selection: EndpointSelection
    ) -> [Frontend] {
        var frontends = [
            Frontend(
                kind: .clusterIP, destination: .address(clusterIP), port: port.port,
                verdicts: clusterIPVerdicts(spec.internalTrafficPolicy, clusterIP.family, selection))
        ]
        if let nodePort = port.nodePort {
            frontends.append(
                Frontend(
                    kind: .nodePort, destination: .nodeAddresses, port: nodePort,
                    verdicts: externalVerdicts(spec.externalTrafficPolicy, selection)))
        }
        return frontends
    }

    private func servicePort(
        _ key: ServicePortKey, frontends: [Frontend], _ selection: EndpointSelection, previous: ServicePort?
    ) -> ServicePort {
        let uses = { (scope: BackendScope) in frontends.contains { $0.verdicts.balances(over: scope) } }
        let empty = BackendSet([])
        return ServicePort(
            key: key,
            clusterBackends: uses(.cluster)
                ? (previous?.clusterBackends ?? empty).updated(to: selection.cluster) : empty,
            localBackends: uses(.local) ? (previous?.localBackends ?? empty).updated(to: selection.local) : empty,
            frontends: frontends)
    }

    /// Verdicts of a ClusterIP (reference 1.4, first, fourth and sixth rows; 1.5).
    private func clusterIPVerdicts(
        _ policy: TrafficPolicy, _ family: IPFamily, _ selection: EndpointSelection
    ) -> OriginVerdicts {
        let scope: BackendScope = policy == .local ? .local : .cluster
        let usable = scope == .local ? selection.local : selection.cluster
        guard !usable.isEmpty else { return OriginVerdicts(all: selection.hasAny ? .drop : .reject) }
        // Without a detector nobody is known to be outside; then only masquerade-all masquerades.
        let offCluster = localDetector.tellsPods(of: family) || options.masqueradeAll
        return OriginVerdicts(
            pod: .balance(scope, masquerade: options.masqueradeAll),
            node: .balance(scope, masquerade: offCluster),
            outside: .balance(scope, masquerade: offCluster))
    }

    /// Verdicts of NodePorts and of other addresses that reach in from outside (reference 1.4, 1.5).
    private func externalVerdicts(_ policy: TrafficPolicy, _ selection: EndpointSelection) -> OriginVerdicts {
        guard selection.hasAny else { return OriginVerdicts(all: .reject) }
        switch policy {
        case .cluster:
            return OriginVerdicts(all: .balance(.cluster, masquerade: true))
        case .local:
            // Pods and the node itself are not outside: they reach every endpoint (short-circuit).
            return OriginVerdicts(
                pod: .balance(.cluster, masquerade: false),
                node: .balance(.cluster, masquerade: true),
                outside: selection.local.isEmpty ? .drop : .balance(.local, masquerade: false))
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
