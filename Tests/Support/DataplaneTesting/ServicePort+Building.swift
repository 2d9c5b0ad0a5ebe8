package import NetworkTypes
package import ServiceTable

extension IPAddress {
    /// The address in a test's own text.
    package static func text(_ text: String) -> IPAddress {
        guard let address = IPAddress(text) else { preconditionFailure("no address: \(text)") }
        return address
    }
}

extension Backend {
    /// `10.0.0.1:80` or `[fd00::1]:80`.
    package static func at(_ text: String, weight: UInt16 = 1, isLocal: Bool = false) -> Backend {
        guard let colon = text.lastIndex(of: ":"), let number = UInt16(text[text.index(after: colon)...]),
            let port = PortNumber(rawValue: number)
        else { preconditionFailure("no place: \(text)") }
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        return Backend(address: .text(String(host)), port: port, weight: weight, isLocal: isLocal)
    }
}

extension Frontend {
    package static func clusterIP(_ address: String, _ port: PortNumber, _ verdicts: OriginVerdicts) -> Frontend {
        Frontend(kind: .clusterIP, destination: .address(.text(address)), port: port, verdicts: verdicts)
    }

    package static func nodePort(_ port: PortNumber, _ verdicts: OriginVerdicts) -> Frontend {
        Frontend(kind: .nodePort, destination: .nodeAddresses, port: port, verdicts: verdicts)
    }

    package static func loadBalancerIP(
        _ address: String, _ port: PortNumber, _ verdicts: OriginVerdicts, from sources: [IPPrefix]? = nil
    ) -> Frontend {
        Frontend(
            kind: .loadBalancerIP, destination: .address(.text(address)), port: port, allowedSources: sources,
            verdicts: verdicts)
    }
}

extension ServicePort {
    /// A port of the Service `default/NAME`.
    package static func named(
        _ name: String, port: String = "", _ transport: TransportProtocol = .tcp, family: IPFamily = .ipv4,
        affinity: Affinity? = nil, scheduler: Scheduler = .random, cluster: [Backend] = [], local: [Backend] = [],
        frontends: [Frontend]
    ) -> ServicePort {
        ServicePort(
            key: ServicePortKey(
                id: ServicePortID(namespace: "default", service: name, portName: port, protocol: transport),
                family: family),
            affinity: affinity, scheduler: scheduler, clusterBackends: BackendSet(cluster), localBackends: BackendSet(local), frontends: frontends)
    }
}

extension ServiceTable {
    package static func of(_ ports: [ServicePort], node: NodeTable = NodeTable()) -> ServiceTable {
        var table = ServiceTable(node: node)
        for port in ports { table[port.key] = port }
        return table
    }
}
