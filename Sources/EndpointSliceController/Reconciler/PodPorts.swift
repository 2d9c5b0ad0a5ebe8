internal import KubernetesModel
internal import NetworkTypes

/// The ports of a Service as its endpoints have them.
struct PodPorts {
    private let service: [ServicePortSpec]
    /// The ports of every pod, when no target port is a name: then pods cannot differ.
    private let shared: [EndpointPort]?

    init(of service: Service) {
        self.service = service.spec.ports
        let isNamed = service.spec.ports.contains { if case .name = $0.targetPort { true } else { false } }
        shared = isNamed ? nil : service.spec.ports.map { Self.port($0, number: Self.number($0, nil)) }
    }

    /// The port list of a pod's endpoint, in the order of the Service. A name that the pod does not
    /// have, or has for another protocol, leaves out this port and not the endpoint.
    func resolved(for pod: Pod) -> [EndpointPort] {
        shared
            ?? service.compactMap { port in
                Self.number(port, pod).map { Self.port(port, number: $0) }
            }
    }

    private static func number(_ port: ServicePortSpec, _ pod: Pod?) -> PortNumber? {
        switch port.targetPort {
        case .number(let number): number
        case .name(let name):
            pod?.containerPorts.first { $0.name == name && $0.protocol == port.protocol }?.containerPort
        }
    }

    private static func port(_ port: ServicePortSpec, number: PortNumber?) -> EndpointPort {
        EndpointPort(name: port.name, protocol: port.protocol, port: number, appProtocol: port.appProtocol)
    }
}

/// A port list without its order: slices with the same ports hold the same group of pods.
struct PortSet: Hashable {
    private let ports: [EndpointPort]

    init(_ ports: [EndpointPort]) {
        self.ports =
            ports.count < 2
            ? ports
            : ports.sorted { Self.order($0) < Self.order($1) }
    }

    private static func order(_ port: EndpointPort) -> (String, TransportProtocol, UInt16) {
        (port.name ?? "", port.protocol, port.port?.rawValue ?? 0)
    }
}
