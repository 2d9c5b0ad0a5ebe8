import DataplaneTesting
import LinuxSystem
import NetworkTypes
import Relay
import ServiceTable

/// What a service table says of a request, found by looking through all of it.
struct TableWalk {
    enum Answer: Hashable {
        case refused(RelayRefusal)
        /// To one of these places.
        case relayed(name: String, Set<String>)
    }

    let table: ServiceTable
    let nodeAddresses: Set<IPAddress>

    func answer(_ request: RelayRequest) -> Answer {
        guard let (port, frontend) = owner(request) else { return .refused(.unknownFrontend) }
        if let allowed = frontend.allowedSources, !allowed.contains(where: { $0.contains(request.client.address) }) {
            return .refused(.policy)
        }
        switch verdict(frontend.verdicts, request) {
        case .drop: return .refused(.policy)
        case .reject:
            return .refused(port.clusterBackends.isEmpty && port.localBackends.isEmpty ? .noBackend : .policy)
        case .balance(let scope, _):
            return .relayed(
                name: port.key.id.description,
                Set(port.backends(scope).backends.filter { $0.weight > 0 }.map(\.description)))
        }
    }

    private func owner(_ request: RelayRequest) -> (ServicePort, Frontend)? {
        let asked = request.destination
        var atNode: (ServicePort, Frontend)?
        for port in table.values where port.key.id.protocol == request.protocol && port.key.family == asked.family {
            for frontend in port.frontends where frontend.port.rawValue == asked.port {
                switch frontend.destination {
                case .address(let address): if address == asked.address { return (port, frontend) }
                case .nodeAddresses:
                    if table.node.nodePortAddresses.contains(asked.address) { atNode = (port, frontend) }
                }
            }
        }
        return atNode
    }

    private func verdict(_ verdicts: OriginVerdicts, _ request: RelayRequest) -> Verdict {
        switch request.origin {
        case .pod?: return table.node.localDetector.tellsPods(of: request.client.family) ? verdicts.pod : verdicts.outside
        case .node?: return verdicts.node
        case .outside?: return verdicts.outside
        case nil:
            if case .sourcePrefixes(let prefixes) = table.node.localDetector,
                prefixes.contains(where: { $0.contains(request.client.address) })
            {
                return verdicts.pod
            }
            let isOwn = nodeAddresses.contains(request.client.address) || request.client.address.isLoopback
            return isOwn ? verdicts.node : verdicts.outside
        }
    }

    /// Every frontend of these tables, NodePorts at every address of the node, and what nobody serves; from every kind of
    /// client, by every kind of listener.
    static func requests(_ tables: [ServiceTable]) -> Set<RelayRequest> {
        var requests: Set<RelayRequest> = []
        for table in tables {
            for port in table.values where port.key.id.protocol != .sctp {
                for frontend in port.frontends {
                    for destination in destinations(frontend, port.key.family) {
                        let asked = SocketAddress(destination, port: frontend.port.rawValue)
                        for client in clients(port.key.family) {
                            for origin in [RelayListener.Origin.pod, .node, .outside, nil] {
                                requests.insert(
                                    RelayRequest(
                                        port.key.id.protocol, from: SocketAddress(client, port: 40000), to: asked,
                                        origin: origin))
                            }
                        }
                    }
                }
            }
        }
        return requests
    }

    private static func destinations(_ frontend: Frontend, _ family: IPFamily) -> [IPAddress] {
        switch frontend.destination {
        case .address(let address): [address]
        case .nodeAddresses:
            (RandomServiceTable.nodeAddresses + RandomServiceTable.otherNodeAddresses).filter { $0.family == family }
        }
    }

    private static func clients(_ family: IPFamily) -> [IPAddress] {
        let v4 = ["10.244.0.9", "192.168.0.1", "192.168.9.1", "198.51.100.7", "203.0.113.200", "127.0.0.1"]
        let v6 = ["fd00:244::9", "fd00:192::1", "fd00:192:9::1", "fd00:198::7", "fd00:203::c8", "::1"]
        return (family == .ipv4 ? v4 : v6).map { .text($0) }
    }
}
