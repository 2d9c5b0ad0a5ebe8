package import NetworkTypes
package import ServiceTable

/// An address and port that flows are sent to, or really go to.
package struct FlowPlace: Sendable, Hashable {
    package let address: IPAddress
    package let port: UInt16

    package init(_ address: IPAddress, _ port: UInt16) {
        self.address = address
        self.port = port
    }
}

/// What flows to one frontend have in common: the destination of their first packet. A NodePort is one
/// for each NodePort address of the node.
package struct FlowDestination: Sendable, Hashable, CustomStringConvertible {
    package let `protocol`: TransportProtocol
    package let address: IPAddress
    package let port: PortNumber

    package init(_ protocol: TransportProtocol, _ address: IPAddress, _ port: PortNumber) {
        self.protocol = `protocol`
        self.address = address
        self.port = port
    }

    package var description: String {
        "\(address.description(withPort: port))/\(`protocol`)"
    }
}

/// Flows that must be looked at: some of those to this destination may be stale. Which ones is decided
/// when it is carried out, by the tables of that moment.
package struct Sweep: Sendable, Hashable {
    package let destination: FlowDestination
    /// Who serves the destination; nil: nobody any more.
    package let owner: ServicePortKey?

    package init(_ destination: FlowDestination, owner: ServicePortKey?) {
        self.destination = destination
        self.owner = owner
    }
}

extension NodeTable {
    /// Every place at which `key` can be reached by this frontend.
    func destinations(of frontend: Frontend, in key: ServicePortKey) -> [FlowDestination] {
        destinations(of: frontend.key(in: key))
    }

    func destinations(of key: FrontendKey) -> [FlowDestination] {
        switch key.destination {
        case .address(let address): [FlowDestination(key.protocol, address, key.port)]
        case .nodeAddresses:
            nodePortAddresses.filter { $0.family == key.family }.map { FlowDestination(key.protocol, $0, key.port) }
        }
    }
}

extension ServicePort {
    /// Everywhere its flows may be going: to backends that are used, and to those that keep what they have.
    var goodPlaces: Set<FlowPlace> {
        var places: Set<FlowPlace> = []
        for backends in [clusterBackends.backends, localBackends.backends, lingering] {
            for backend in backends { places.insert(FlowPlace(backend.address, backend.port.rawValue)) }
        }
        return places
    }
}
