internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// Makes the socket that a server listens with, where it is to be another than the server's threads would make: in another
/// network namespace.
package struct ListeningSocket: Sendable {
    let make: @Sendable (_ port: Int) async throws -> Int32

    /// - Parameter make: gets the port, 0 for a free one; returns a descriptor that is bound and belongs to the server.
    package init(_ make: @escaping @Sendable (_ port: Int) async throws -> Int32) { self.make = make }
}

/// Listens, and keeps the connections it took, so that they can be closed.
final class ConnectionAcceptor: Sendable {
    private struct Sockets {
        var listener: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
    }

    private let state: ServerState
    private let context: NIOSSLContext?
    private let group: any EventLoopGroup
    private let sockets = Mutex(Sockets())

    init(_ state: ServerState, _ context: NIOSSLContext?, _ group: any EventLoopGroup) {
        self.state = state
        self.context = context
        self.group = group
    }

    /// - Returns: the port it got.
    func listen(host: String, port: Int, on open: ListeningSocket?) async throws -> Int {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 128 << 10, high: 1 << 20))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.configure(channel) }
            }
        let listener =
            if let open {
                try await bootstrap.withBoundSocket(open.make(port)).get()
            } else {
                try await bootstrap.bind(host: host, port: port).get()
            }
        sockets.withLock { $0.listener = listener }
        return listener.localAddress?.port ?? port
    }

    private func configure(_ channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
        try pipeline.configureHTTPServerPipeline()
        try pipeline.addHandler(HTTPHandler(APIService(state: state)))
        let id = ObjectIdentifier(channel)
        sockets.withLock { $0.connections[id] = channel }
        channel.closeFuture.whenComplete { [weak self] _ in
            _ = self?.sockets.withLock { $0.connections.removeValue(forKey: id) }
        }
    }

    func close() async {
        let listener = sockets.withLock { sockets in
            defer { sockets.listener = nil }
            return sockets.listener
        }
        try? await listener?.close()
        await closeConnections()
    }

    func closeConnections() async {
        for channel in sockets.withLock({ Array($0.connections.values) }) { try? await channel.close() }
    }
}
