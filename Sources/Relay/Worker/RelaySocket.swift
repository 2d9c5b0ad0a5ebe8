internal import Glibc
package import LinuxSystem
internal import NetworkTypes

/// A listening socket of one worker, bound.
package final class RelaySocket: Sendable {
    package let socket: Socket
    package let listener: RelayListener
    /// With the port that was bound.
    package let address: SocketAddress

    /// Binds in the network namespace of the calling thread, beside those of other workers.
    ///
    /// - Parameters:
    ///   - address: the listener's, or with the port that the first worker's socket got.
    ///   - mark: of what it sends, and of connections that come in by it (SO_MARK); 0: none.
    init(_ listener: RelayListener, at address: SocketAddress, mark: UInt32) throws(Errno) {
        let socket = try Socket(listener.protocol == .tcp ? .stream : .datagram, address.family)
        if mark != 0 { try socket.set(SOL_SOCKET, SO_MARK, Int32(bitPattern: mark)) }
        if listener.isTransparent { try socket.setTransparent() }
        try socket.bindShared(to: address)
        if listener.protocol == .tcp { try socket.listen() }
        self.address = try socket.localAddress()
        self.listener = listener
        self.socket = socket
    }
}
