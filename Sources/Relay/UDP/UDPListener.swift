internal import LinuxSystem

/// A listening socket as the sessions that came in by it see it.
final class UDPListener {
    let socket: RelaySocket
    let number: Int
    /// Sessions whose answers leave through it.
    var users = 0
    /// It was removed, and is closed at this time at the latest.
    var end: ContinuousClock.Instant?

    init(_ socket: RelaySocket, number: Int) {
        self.socket = socket
        self.number = number
    }

    var listener: RelayListener { socket.listener }

    /// What the directory is asked for.
    func destination(of flow: DatagramFlow) -> SocketAddress {
        if case .fixed(let address) = listener.destination { return address }
        return flow.local
    }

    /// Answers can leave by this socket; else they need one that has the frontend's port.
    func hasPort(of flow: DatagramFlow) -> Bool { !listener.isTransparent || flow.localPort == socket.address.port }
}
