package import NetworkTypes

/// An address, protocol and port that a server of this node answers at.
package struct LocalFrontend: Sendable, Hashable, CustomStringConvertible {
    package let address: IPAddress
    package let `protocol`: TransportProtocol
    package let port: PortNumber

    package init(_ address: IPAddress, _ transport: TransportProtocol, _ port: PortNumber) {
        self.address = address
        self.protocol = transport
        self.port = port
    }

    /// `udp 10.96.0.10:53`
    package var description: String {
        "\(`protocol`) \(address.description(withPort: port))"
    }
}

/// An address that was asked for and is local already, on an interface that is not Fairway's. It is left alone.
package struct ForeignAddress: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let address: IPAddress
    package let interfaceName: String

    package init(address: IPAddress, interfaceName: String) {
        self.address = address
        self.interfaceName = interfaceName
    }

    package static func < (a: Self, b: Self) -> Bool { (a.address, a.interfaceName) < (b.address, b.interfaceName) }

    package var description: String { "\(address) is local on \(interfaceName), which is not Fairway's: it is left alone" }
}
