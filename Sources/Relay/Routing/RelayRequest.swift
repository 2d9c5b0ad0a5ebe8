package import LinuxSystem
package import NetworkTypes

/// A connection, or the first datagram of a session, as a worker saw it arrive.
package struct RelayRequest: Sendable, Hashable {
    package let `protocol`: TransportProtocol
    package let client: SocketAddress
    /// What the client asked for: a frontend's address and port.
    package let destination: SocketAddress
    /// What is known of the client by the way it came in; nil: its address tells.
    package let origin: RelayListener.Origin?

    package init(
        _ protocol: TransportProtocol, from client: SocketAddress, to destination: SocketAddress,
        origin: RelayListener.Origin? = nil
    ) {
        self.protocol = `protocol`
        self.client = client
        self.destination = destination
        self.origin = origin
    }
}
