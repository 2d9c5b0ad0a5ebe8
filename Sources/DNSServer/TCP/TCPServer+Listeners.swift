internal import Glibc
package import LinuxSystem
internal import NIOCore
internal import NIOPosix
internal import NetworkTypes
internal import Synchronization

extension TCPServer {
    /// Event loop time that a listener is given before it closes, to accept what waits in the kernel.
    private static let lastAccepts = TimeAmount.milliseconds(10)

    /// Binds an address in the network namespace of the calling thread, and begins to answer there. An IPv6 address
    /// takes IPv6 only. Another process may be bound to the same address (SO_REUSEPORT): so a new one starts before the
    /// old one stops. Waits: not for an event loop.
    ///
    /// - Returns: the address with the port that was bound, where `address` has port 0.
    /// - Throws: SystemError, which names the address and says why.
    @discardableResult
    package func add(_ address: LinuxSystem.SocketAddress) throws(SystemError) -> LinuxSystem.SocketAddress {
        let channel: any Channel
        do {
            let local = try NIOCore.SocketAddress(ipAddress: address.address.description, port: Int(address.port))
            channel = try bootstrap(address.family, sharing: address.port != 0).bind(to: local).wait()
            if address.port == 0 { try channel.setOption(ChannelOptions.Types.SocketOption.reusePort, value: 1).wait() }
        } catch {
            let code = (error as? IOError)?.errnoCode ?? EIO
            throw SystemError("listen on TCP \(address)", Errno(rawValue: code))
        }
        var bound = address
        bound.port = channel.localAddress?.port.flatMap { UInt16(exactly: $0) } ?? address.port
        listeners.withLock { $0[bound] = channel }
        return bound
    }

    /// Stops listening at an address, after what waits there was accepted. Connections go on. Returns when the listener
    /// is closed; at once where there is none. Waits: not for an event loop.
    package func remove(_ address: LinuxSystem.SocketAddress) {
        guard let channel = listeners.withLock({ $0.removeValue(forKey: address) }) else { return }
        closeListener(channel)
        // An error means that it was closed already.
        try? channel.closeFuture.wait()
    }

    func closeListener(_ channel: any Channel) {
        // Events that the kernel has already are seen before a timer that starts now.
        channel.eventLoop.scheduleTask(in: Self.lastAccepts) { channel.close(promise: nil) }
    }

    /// - Parameter sharing: beside listeners of other processes. Asked for any port, the kernel may give one that others
    ///   share already: such a listener shares only once it has a port that nobody has.
    private func bootstrap(_ family: IPFamily, sharing: Bool) -> ServerBootstrap {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Int32(clamping: connections.limits.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(ChannelOptions.Types.SocketOption.reusePort, value: sharing ? 1 : 0)
            .serverChannelOption(.socketOption(.so_rcvbuf), value: .init(clamping: connections.limits.receiveBufferBytes))
            .serverChannelOption(.socketOption(.so_sndbuf), value: .init(clamping: connections.limits.sendBufferBytes))
            .serverChannelOption(.maxMessagesPerRead, value: 64)
            .serverChannelInitializer { channel in
                // Out of descriptors: accepting is taken up again a little later.
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let handler = makeHandler(for: channel) else { throw ChannelError.eof }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        return family == .ipv4
            ? bootstrap : bootstrap.serverChannelOption(ChannelOptions.Types.SocketOption.ipv6Only, value: 1)
    }
}

extension ChannelOptions.Types.SocketOption {
    fileprivate static var reusePort: Self {
        .init(level: .socket, name: NIOBSDSocket.Option(rawValue: SO_REUSEPORT))
    }
    fileprivate static var ipv6Only: Self { .init(level: .ipv6, name: .ipv6_v6only) }
}
