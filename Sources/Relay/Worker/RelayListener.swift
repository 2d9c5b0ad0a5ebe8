package import LinuxSystem
package import NetworkTypes

/// A socket that clients come in by. Every worker has one of its own at the same address (SO_REUSEPORT).
package struct RelayListener: Sendable, Hashable {
    /// Where the frontend that the client asked for is read from.
    package enum Destination: Sendable, Hashable {
        /// Connection tracking remembers it (SO_ORIGINAL_DST, netfilter's REDIRECT). TCP only.
        case redirected
        /// The address that the packet or connection has: TPROXY, or a frontend's own address that was bound.
        case own
        /// Always this one, whatever was bound.
        case fixed(SocketAddress)
    }

    /// What coming in here says of the client.
    package enum Origin: Sendable, Hashable {
        case pod
        case node
        case outside
    }

    package let `protocol`: TransportProtocol
    /// Bound as it is; port 0: a free one, the same for all workers.
    package let address: SocketAddress
    package let destination: Destination
    /// Takes what is sent to any address (IP_TRANSPARENT, needs CAP_NET_ADMIN).
    package let isTransparent: Bool
    package let origin: Origin?

    package init(
        _ protocol: TransportProtocol, at address: SocketAddress, destination: Destination = .own,
        isTransparent: Bool = false, origin: Origin? = nil
    ) {
        self.protocol = `protocol`
        self.address = address
        self.destination = destination
        self.isTransparent = isTransparent
        self.origin = origin
    }
}
