public import NetworkTypes

/// What makes a frontend unique on a node: destination, protocol and port, in one family.
public struct FrontendKey: Sendable, Hashable, CustomStringConvertible {
    public let family: IPFamily
    public let destination: Frontend.Destination
    public let `protocol`: TransportProtocol
    public let port: PortNumber

    public init(
        family: IPFamily, destination: Frontend.Destination, protocol: TransportProtocol, port: PortNumber
    ) {
        self.family = family
        self.destination = destination
        self.protocol = `protocol`
        self.port = port
    }

    /// `10.96.0.10:80/tcp`, `[fd00::1]:80/tcp` or `nodeport 30080/tcp IPv4`.
    public var description: String {
        switch destination {
        case .address(let address):
            return "\(address.description(withPort: port))/\(`protocol`)"
        case .nodeAddresses:
            return "nodeport \(port)/\(`protocol`) \(family)"
        }
    }
}

extension Frontend {
    /// This frontend's key as a frontend of `servicePort`.
    public func key(in servicePort: ServicePortKey) -> FrontendKey {
        FrontendKey(
            family: servicePort.family, destination: destination, protocol: servicePort.id.protocol, port: port)
    }
}
