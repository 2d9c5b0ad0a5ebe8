import LinuxSystem

/// A listening TCP socket, whose connections speak plain echo or HTTP.
final class StreamListener: EchoListener, EventHandler {
    let address: SocketAddress
    private let socket: Socket
    private let service: EchoServer.Service
    private unowned let server: EchoServer
    private var token: UInt64 = 0

    /// How long accepting rests when the process is out of descriptors: the kernel keeps the
    /// connections waiting, and closing others frees some.
    private static let restWhenExhausted = Duration.milliseconds(100)
    /// Connections taken in one go, so that a flood of them does not starve those that are open.
    private static let acceptBatch = 64

    init(_ server: EchoServer, _ address: SocketAddress, _ service: EchoServer.Service) throws(Errno) {
        self.server = server
        self.service = service
        socket = try Socket(.stream, address.family)
        try socket.bind(to: address)
        try socket.listen()
        self.address = try socket.localAddress()
        token = try server.loop.add(socket.descriptor.rawValue, .readable, self)
    }

    func handle(_ event: Epoll.Event) {
        for _ in 0..<StreamListener.acceptBatch {
            do throws(Errno) {
                guard let accepted = try socket.accept() else { return }
                guard server.canTakeConnection() else { continue }
                let peer = accepted.peer
                let stream = try BufferedStream(accepted.take(), peer: peer, server)
                switch service {
                case .http: server.took(try HTTPConnection(server, stream))
                case .tcp, .udp: server.took(try TCPEchoConnection(server, stream))
                }
            } catch {
                if error == .tooManyOpenFiles || error == .tooManyOpenFilesInSystem { return rest() }
                // Anything else is the fate of one connection, gone before it was taken.
            }
        }
    }

    private func rest() {
        try? server.loop.modify(socket.descriptor.rawValue, [], token: token)
        server.loop.schedule(after: StreamListener.restWhenExhausted) { [self] in
            try? server.loop.modify(socket.descriptor.rawValue, .readable, token: token)
        }
    }

    func close() { server.loop.remove(socket.descriptor.rawValue, token: token) }
}
