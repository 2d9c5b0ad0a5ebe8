package import KubernetesModel
internal import KubernetesModelTesting
package import NetworkTypes

extension World {
    /// node-a, in its zone, with its InternalIPs and pod networks.
    package static var nodeObject: Node {
        Node.make(
            node, zone: zone, internalIPs: IPFamily.allCases.map { "\(nodeAddress($0))" },
            podCIDRs: nodeCIDRs.map(\.description))
    }

    /// The endpoint of a pod, with the conditions and hints as a slice carries them.
    package static func endpoint(
        _ name: String, _ family: IPFamily, ready: Bool? = true, serving: Bool? = nil, terminating: Bool? = false,
        hintZones: [String] = [], hintNodes: [String] = []
    ) -> Endpoint {
        var endpoint = Endpoint.make(
            "\(pod(name, family))", node: localPods.contains(name) ? node : otherNode,
            zone: localPods.contains(name) ? zone : otherZone, hintZones: hintZones, hintNodes: hintNodes)
        endpoint.ready = ready
        endpoint.serving = serving ?? ready
        endpoint.terminating = terminating
        return endpoint
    }
}

/// A Service reached in all four ways, in one family and protocol: port 80 everywhere, its NodePort on
/// the node, port 8080 in its pods.
package struct WebService: Sendable {
    package var family: IPFamily
    package var transport: TransportProtocol
    package var name = "web"
    /// Decides its addresses and its NodePort.
    package var number = 0
    package var externalPolicy = TrafficPolicy.cluster
    package var internalPolicy = TrafficPolicy.cluster

    package init(_ family: IPFamily, _ transport: TransportProtocol) {
        self.family = family
        self.transport = transport
    }

    package func with(_ change: (inout WebService) -> Void) -> WebService {
        var copy = self
        change(&copy)
        return copy
    }

    package var clusterIP: IPAddress { World.clusterIP(family, number) }
    package var loadBalancerIP: IPAddress { World.loadBalancerIP(family, number) }
    package var externalIP: IPAddress { World.externalIP(family, number) }
    package var nodePort: PortNumber { World.nodePort(number) }

    package var port: ServicePortSpec {
        ServicePortSpec(protocol: transport, port: World.servicePort, targetPort: .number(World.targetPort), nodePort: nodePort)
    }

    package func service(_ configure: (inout Service) -> Void = { _ in }) -> KubernetesObject {
        var service = Service.make(name, type: .loadBalancer, clusterIPs: ["\(clusterIP)"], ports: [port])
        service.spec.externalIPs = [externalIP]
        service.spec.externalTrafficPolicy = externalPolicy
        service.spec.internalTrafficPolicy = internalPolicy
        service.status.loadBalancerIngress = [LoadBalancerIngress(ip: loadBalancerIP)]
        configure(&service)
        return .service(service)
    }

    package func slice(
        _ endpoints: [Endpoint], named suffix: String = "1", port: EndpointPort? = nil,
        _ configure: (inout EndpointSlice) -> Void = { _ in }
    ) -> KubernetesObject {
        .endpointSlice(
            .make(
                "\(name)-\(suffix)", service: name, addressType: family == .ipv4 ? .ipv4 : .ipv6,
                ports: [port ?? EndpointPort(name: "", protocol: transport, port: World.targetPort)],
                endpoints: endpoints, configure: configure))
    }

    /// A slice of ready endpoints.
    package func slice(ready pods: [String]) -> KubernetesObject { slice(pods.map { World.endpoint($0, family) }) }

    package var reference: ObjectReference {
        ObjectReference(kind: .service, key: ObjectKey(namespace: "default", name: name))
    }
}

/// The four ways a Service is reached at.
package enum Way: String, Sendable, CaseIterable {
    case clusterIP = "ClusterIP", nodePort = "NodePort", loadBalancerIP = "LoadBalancer IP", externalIP = "externalIP"

    /// The three ways that reach in from outside the cluster.
    package static let external: [Way] = [.nodePort, .loadBalancerIP, .externalIP]
}

extension WebService {
    package func flow(_ from: Sender, _ way: Way, _ expected: Expectation) -> ConformanceFlow {
        let (address, port) =
            switch way {
            case .clusterIP: (clusterIP, World.servicePort)
            case .nodePort: (World.nodeAddress(family), nodePort)
            case .loadBalancerIP: (loadBalancerIP, World.servicePort)
            case .externalIP: (externalIP, World.servicePort)
            }
        return ConformanceFlow(from: from, to: address, port: port, transport, expected)
    }

    /// Every way, from every kind of sender, to the same end.
    package func flows(
        from senders: [Sender] = Sender.kinds, _ ways: [Way] = Way.allCases, _ expected: Expectation
    ) -> [ConformanceFlow] {
        ways.flatMap { way in senders.map { flow($0, way, expected) } }
    }

    /// What cluster-wide policies demand where pods are told: only pods at a ClusterIP keep their source.
    package func works(
        _ pods: Set<String>, port: PortNumber = World.targetPort, from senders: [Sender] = Sender.kinds,
        _ ways: [Way] = Way.allCases
    ) -> [ConformanceFlow] {
        ways.flatMap { way in
            senders.map { sender in
                let isPod = if case .pod = sender { true } else { false }
                return flow(sender, way, .balanced(to: pods, port: port, masqueraded: !(isPod && way == .clusterIP)))
            }
        }
    }

    /// The Service is as if it were not there, Service ranges not known.
    package func isUntouched(_ ways: [Way] = Way.allCases) -> [ConformanceFlow] {
        flows(from: [.pod, .node, .client], ways, .untouched)
    }
}
