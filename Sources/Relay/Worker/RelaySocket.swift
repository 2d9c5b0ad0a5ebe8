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
    /// A TCP socket has everything set that its connections inherit, which so need no system call for it.
    ///
    /// - Parameter address: the listener's, or with the port that the first worker's socket got.
    init(
        _ listener: RelayListener, at address: SocketAddress, _ configuration: RelayConfiguration
    ) throws(Errno) {
        let socket = try Socket(listener.protocol == .tcp ? .stream : .datagram, address.family)
        if listener.isTransparent { try socket.setTransparent() }
        try socket.bindShared(to: address)
        if listener.protocol == .tcp {
            try socket.setNoDelay()
            try socket.keepUrgentDataInline()
            try socket.setKeepAlive(configuration.keepAlive)
            try socket.listen()
        }
        self.address = try socket.localAddress()
        self.listener = listener
        self.socket = socket
    }
}

extension RelayConfiguration {
    var keepAlive: KeepAlive {
        KeepAlive(
            idleSeconds: keepAliveIdleSeconds, intervalSeconds: keepAliveIntervalSeconds, probes: keepAliveProbes)
    }
}
