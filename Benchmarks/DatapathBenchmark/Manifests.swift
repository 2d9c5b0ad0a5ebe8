import KubernetesModel
import NetworkTypes

/// The Services of a benchmark: the frontends first; all others lead to five addresses where nobody is.
enum Manifests {
    static func address(_ index: Int) -> IPAddress { IPAddress(v4: 0x0A60_0010 + UInt32(index)) }

    static func nodePort(_ index: Int) -> PortNumber { PortNumber(integerLiteral: 30_080 + UInt16(index)) }

    static func objects(services: Int, frontends: [Frontend]) -> [KubernetesObject] {
        var objects: [KubernetesObject] = []
        for (index, frontend) in frontends.enumerated() {
            let protocols: [TransportProtocol] = frontend.carriesStreams ? [.tcp, .udp] : [.tcp]
            objects += service(
                index, frontend.name, nodePort: nodePort(index), ports: protocols.map { (frontend.port, frontend.target, $0) }, to: frontend.backends)
        }
        for index in frontends.count..<max(frontends.count, services) {
            let endpoints = (0..<5).map { IPAddress(v4: 0x0B00_0000 + UInt32(index * 5 + $0)) }
            objects += service(index, "service-\(index)", ports: [(80, 8080, .tcp)], to: endpoints)
        }
        return objects
    }

    private static func service(
        _ index: Int, _ name: String, nodePort: PortNumber? = nil, ports: [(PortNumber, PortNumber, TransportProtocol)], to endpoints: [IPAddress]
    ) -> [KubernetesObject] {
        let namespace = "namespace-\(index % 50)"
        let service = Service(
            metadata: ObjectMeta(name: name, namespace: namespace),
            spec: ServiceSpec(
                type: nodePort == nil ? .clusterIP : .nodePort, clusterIPs: [.address(address(index))], ipFamilies: [.ipv4],
                ports: ports.map {
                    ServicePortSpec(name: "\($0.2)", protocol: $0.2, port: $0.0, targetPort: .number($0.1), nodePort: nodePort)
                }))
        let slice = EndpointSlice(
            metadata: ObjectMeta(
                name: "\(name)-v4", namespace: namespace,
                labels: [LabelKey.serviceName: name, LabelKey.managedBy: "benchmark"]),
            addressType: .ipv4, ports: ports.map { EndpointPort(name: "\($0.2)", protocol: $0.2, port: $0.1) },
            endpoints: endpoints.map { Endpoint(addresses: [$0], ready: true, serving: true, terminating: false) })
        return [.service(service), .endpointSlice(slice)]
    }
}
