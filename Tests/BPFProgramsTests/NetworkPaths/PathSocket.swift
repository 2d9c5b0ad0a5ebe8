import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes

/// A socket of a namespace, waited for.
final class PathSocket: Sendable {
    private let socket: Socket
    private let epoll: Epoll
    /// For what must come, however busy the machine; reached only when it does not.
    static let patience = Duration.seconds(20)

    private init(_ kind: Socket.Kind, _ family: IPFamily) throws {
        socket = try Socket(kind, family)
        epoll = try Epoll()
        try epoll.add(socket.descriptor.rawValue, .readable, token: 0)
    }

    static func connected(
        _ kind: Socket.Kind, in namespace: TestNamespace, to peer: Endpoint,
        _ options: @escaping @Sendable (borrowing Socket) throws -> Void = { _ in }
    ) throws -> PathSocket {
        try namespace.insideBlocking {
            let made = try PathSocket(kind, peer.address.family)
            try options(made.socket)
            _ = try made.socket.connect(to: SocketAddress(peer.address, port: peer.port))
            return made
        }
    }

    static func bound(in namespace: TestNamespace, to local: Endpoint) throws -> PathSocket {
        try namespace.insideBlocking {
            let made = try PathSocket(.datagram, local.address.family)
            try made.socket.bind(to: SocketAddress(local.address, port: local.port))
            try made.socket.tellLocalAddresses()
            return made
        }
    }

    /// The error that sending reports, if any.
    func send(_ bytes: [UInt8]) -> Errno? {
        do {
            _ = try socket.send(bytes.span)
            return nil
        } catch { return error }
    }

    /// The error that comes for the socket; nil when data comes, or nothing.
    func awaitError(within limit: Duration = patience) throws -> Errno? {
        let deadline = ContinuousClock.now + limit
        while true {
            if let error = try socket.takeError() { return error }
            let rest = ContinuousClock.now.duration(to: deadline)
            guard rest > .zero, try epoll.wait(timeout: rest).first?.isHungUp != false else { return try socket.takeError() }
        }
    }

    /// Waits for a datagram and answers it with itself; its size.
    func echo(within limit: Duration = patience) throws -> Int? {
        let deadline = ContinuousClock.now + limit
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            if let datagram = try socket.receiveDatagram(into: &buffer) {
                _ = try socket.sendDatagram(buffer.span.extracting(0..<datagram.byteCount), along: datagram.path)
                return datagram.byteCount
            }
            let rest = ContinuousClock.now.duration(to: deadline)
            guard rest > .zero else { return nil }
            _ = try epoll.wait(timeout: rest)
        }
    }

    func receive(within limit: Duration = patience) throws -> [UInt8]? {
        let deadline = ContinuousClock.now + limit
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            if let count = try socket.receive(into: &buffer) { return Array(buffer[..<count]) }
            let rest = ContinuousClock.now.duration(to: deadline)
            guard rest > .zero else { return nil }
            _ = try epoll.wait(timeout: rest)
        }
    }
}
