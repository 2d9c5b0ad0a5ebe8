package import NetworkTypes

/// A socket of this network namespace that takes what comes to its port: a listening TCP one, or a
/// UDP one that is bound and not connected.
package struct HostSocket: Sendable, Hashable {
    package let `protocol`: TransportProtocol
    /// All zeros: every address of its family.
    package let address: IPAddress
    package let port: PortNumber
    /// An IPv6 socket that takes no IPv4 (IPV6_V6ONLY). False for IPv4.
    package let isIPv6Only: Bool
    /// The interface it is bound to (SO_BINDTODEVICE), 0 for none.
    package let interfaceIndex: UInt32
    /// As in `/proc/PID/fd`: `socket:[INODE]`.
    package let inode: UInt32

    package init(
        protocol: TransportProtocol, address: IPAddress, port: PortNumber, isIPv6Only: Bool = false,
        interfaceIndex: UInt32 = 0, inode: UInt32 = 0
    ) {
        self.protocol = `protocol`
        self.address = address
        self.port = port
        self.isIPv6Only = isIPv6Only
        self.interfaceIndex = interfaceIndex
        self.inode = inode
    }

    /// Whether packets to `destination` are for it.
    package func takes(_ destination: IPAddress) -> Bool {
        if let mapped = address.mappedIPv4 { return mapped == destination || (mapped.bits == 0 && destination.family == .ipv4) }
        if address == destination { return true }
        guard address.bits == 0 else { return false }
        return address.family == destination.family || (address.family == .ipv6 && !isIPv6Only)
    }
}

extension IPAddress {
    /// The IPv4 address inside `::ffff:0:0/96` (RFC 4291, 2.5.5.2), as a dual-stack socket has it.
    fileprivate var mappedIPv4: IPAddress? {
        guard family == .ipv6, bits >> 32 == 0xffff else { return nil }
        return IPAddress(v4: UInt32(truncatingIfNeeded: bits))
    }
}

/// A port that is served on addresses of this node, and for whom.
package struct ServedPort: Sendable, Hashable {
    package let `protocol`: TransportProtocol
    package let port: PortNumber
    package let family: IPFamily
    /// Whom it is served for, as a Service's name.
    package let owner: String

    package init(protocol: TransportProtocol, port: PortNumber, family: IPFamily, owner: String) {
        self.protocol = `protocol`
        self.port = port
        self.family = family
        self.owner = owner
    }
}

/// A host socket that no longer gets what it listens for, because a served port takes it.
package struct PortCollision: Sendable, Hashable {
    package let port: ServedPort
    package let socket: HostSocket

    package init(port: ServedPort, socket: HostSocket) {
        self.port = port
        self.socket = socket
    }

    /// One for each protocol and number in `ports`, with the most specific socket, ordered by number.
    ///
    /// - Parameter addresses: where the ports are served; a socket on other addresses alone (loopback,
    ///   say) collides with nothing.
    package static func find(
        ports: some Sequence<ServedPort>, addresses: [IPAddress], sockets: [HostSocket]
    ) -> [PortCollision] {
        let byPort = Dictionary(grouping: sockets) { ProtocolPort(transport: $0.protocol, port: $0.port) }
        var found: [ProtocolPort: PortCollision] = [:]
        for port in ports.sorted(by: { $0.family < $1.family }) {
            let key = ProtocolPort(transport: port.protocol, port: port.port)
            let served = addresses.filter { $0.family == port.family }
            guard found[key] == nil, let candidates = byPort[key] else { continue }
            let taking = candidates.filter { socket in served.contains { socket.takes($0) } }
            // A definite address before a wildcard.
            guard let socket = taking.max(by: { ($0.address.bits, $0.inode) < ($1.address.bits, $1.inode) }) else { continue }
            found[key] = PortCollision(port: port, socket: socket)
        }
        return found.values.sorted {
            ($0.port.port, $0.port.protocol) < ($1.port.port, $1.port.protocol)
        }
    }
}

private struct ProtocolPort: Hashable {
    let transport: TransportProtocol
    let port: PortNumber
}
