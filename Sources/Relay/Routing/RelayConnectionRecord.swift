package import LinuxSystem
package import NetworkTypes

/// One connection or session as it is now, for `fairway get connections`.
package struct RelayConnectionRecord: Sendable, Hashable {
    package enum State: String, Sendable, Hashable {
        case connecting
        case established
        /// One side has ended its direction.
        case halfClosed = "half-closed"
        /// Its backend has gone.
        case draining
    }

    package let `protocol`: TransportProtocol
    package let service: String
    package let client: SocketAddress
    package let frontend: SocketAddress
    package let backend: SocketAddress
    package let state: State
    package let age: Duration
    /// Since the last byte or datagram.
    package let idle: Duration

    package init(
        _ protocol: TransportProtocol, service: String, client: SocketAddress, frontend: SocketAddress,
        backend: SocketAddress, state: State, age: Duration, idle: Duration
    ) {
        self.protocol = `protocol`
        self.service = service
        self.client = client
        self.frontend = frontend
        self.backend = backend
        self.state = state
        self.age = age
        self.idle = idle
    }
}
