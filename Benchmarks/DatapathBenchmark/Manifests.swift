import KubernetesModel
import NetworkNamespaceTesting
import NetworkTypes

/// The Services of a benchmark: number 0 is HTTP, 1 streams, each to the one pod that direct connections go to; all others
/// lead to five addresses where nobody is.
enum Manifests {
    static let httpPort: PortNumber = 80
    static let streamPort: PortNumber = 5201

    static func address(_ index: Int) -> IPAddress { IPAddress(v4: 0x0A60_0010 + UInt32(index)) }

    static func objects(services: Int, pods: [ServiceTopology.Pod]) -> [KubernetesObject] {
        var objects: [KubernetesObject] = []
        objects += service(0, ports: [(httpPort, 8080, .tcp)], to: [pods[0].ipv4])
        objects += service(1, ports: [(streamPort, 5201, .tcp), (streamPort, 5201, .udp)], to: [pods[0].ipv4])
        for index in 2..<max(2, services) {
            let endpoints = (0..<5).map { IPAddress(v4: 0x0B00_0000 + UInt32(index * 5 + $0)) }
            objects += service(index, ports: [(80, 8080, .tcp)], to: endpoints)
        }
        return objects
    }

    private static func service(
        _ index: Int, ports: [(PortNumber, PortNumber, TransportProtocol)], to endpoints: [IPAddress]
    ) -> [KubernetesObject] {
        let (name, namespace) = ("service-\(index)", "namespace-\(index % 50)")
        let service = Service(
            metadata: ObjectMeta(name: name, namespace: namespace),
            spec: ServiceSpec(
                clusterIPs: [.address(address(index))], ipFamilies: [.ipv4],
                ports: ports.map {
                    ServicePortSpec(name: "\($0.2)", protocol: $0.2, port: $0.0, targetPort: .number($0.1))
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
