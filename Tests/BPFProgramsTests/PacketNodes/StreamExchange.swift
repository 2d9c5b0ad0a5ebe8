import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes

/// A socket of some namespace, for a thread of any other to use.
final class SocketBox: Sendable {
    let socket: Socket

    init(_ kind: Socket.Kind, _ family: IPFamily, _ setUp: (borrowing Socket) throws -> Void) throws {
        socket = try Socket(kind, family)
        try setUp(socket)
    }

    static func bound(_ kind: Socket.Kind, to endpoint: Endpoint, in namespace: TestNamespace) async throws -> SocketBox {
        try await namespace.inside {
            try SocketBox(kind, endpoint.address.family) {
                try $0.bind(to: SocketAddress(endpoint.address, port: endpoint.port))
                if kind == .stream { try $0.listen() } else { try $0.tellLocalAddresses() }
            }
        }
    }

    static func connecting(_ kind: Socket.Kind, to endpoint: Endpoint, in namespace: TestNamespace) async throws -> SocketBox {
        try await namespace.inside {
            try SocketBox(kind, endpoint.address.family) {
                _ = try $0.connect(to: SocketAddress(endpoint.address, port: endpoint.port))
            }
        }
    }
}

/// Bytes sent to an echo and back.
enum StreamExchange {
    struct Stalled: Error { var received: Int }

    /// Sends `total` bytes from a connecting client to a listener, which echoes them, and ends both ways in order.
    ///
    /// - Returns: what the listener's side saw as its peer.
    static func run(_ client: SocketBox, _ listener: SocketBox, total: Int) throws -> SocketAddress {
        let accepted = try accept(listener)
        let peer = accepted.peer
        let server = accepted.take()
        try pump(client.socket, server, total: total)
        try client.socket.shutdownSending()
        try awaitEnd(of: server)
        try server.shutdownSending()
        try awaitEnd(of: client.socket)
        return peer
    }

    private static func accept(_ listener: SocketBox) throws -> Socket.Accepted {
        try awaitAny([listener.socket.descriptor.rawValue], Int16(POLLIN), received: 0)
        guard let accepted = try listener.socket.accept() else { throw Stalled(received: 0) }
        return accepted
    }

    private static func pump(_ client: borrowing Socket, _ server: borrowing Socket, total: Int) throws {
        let pattern = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) } // a prime: no period fits a segment
        var (sent, received) = (0, 0)
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while received < total {
            var isMoving = false
            if sent < total {
                let start = sent % pattern.count
                let end = min(pattern.count, start + total - sent)
                if let count = try client.send(pattern.span.extracting(start..<end)) { (sent, isMoving) = (sent + count, true) }
            }
            if pending.count < 1 << 20, let count = try server.receive(into: &buffer) {
                pending += buffer.prefix(count)
                isMoving = true
            }
            if !pending.isEmpty, let count = try server.send(pending.span) {
                pending.removeFirst(count)
                isMoving = true
            }
            if let count = try client.receive(into: &buffer) {
                guard count > 0, isPattern(buffer.prefix(count), pattern, at: received) else { throw Stalled(received: received) }
                (received, isMoving) = (received + count, true)
            }
            if !isMoving {
                try awaitAny([client.descriptor.rawValue, server.descriptor.rawValue], Int16(POLLIN | POLLOUT), received: received)
            }
        }
    }

    private static func isPattern(_ bytes: ArraySlice<UInt8>, _ pattern: [UInt8], at offset: Int) -> Bool {
        for (index, byte) in bytes.enumerated() where byte != pattern[(offset + index) % pattern.count] { return false }
        return true
    }

    private static func awaitEnd(of socket: borrowing Socket) throws {
        var buffer: [UInt8] = [0]
        try awaitAny([socket.descriptor.rawValue], Int16(POLLIN), received: 0)
        guard try socket.receive(into: &buffer) == 0 else { throw Stalled(received: 1) }
    }

    /// Sends a datagram and its echo back. Returns what the echoing side saw as its peer.
    static func datagram(_ client: SocketBox, _ server: SocketBox, _ bytes: [UInt8]) throws -> SocketAddress {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        _ = try client.socket.send(bytes.span)
        try awaitAny([server.socket.descriptor.rawValue], Int16(POLLIN), received: 0)
        guard let found = try server.socket.receiveDatagram(into: &buffer), found.byteCount == bytes.count,
            try server.socket.sendDatagram(bytes.span, along: found.path)
        else { throw Stalled(received: 0) }
        try awaitAny([client.socket.descriptor.rawValue], Int16(POLLIN), received: 0)
        guard try client.socket.receive(into: &buffer) == bytes.count, Array(buffer.prefix(bytes.count)) == bytes else {
            throw Stalled(received: 0)
        }
        return found.path.peer
    }

    /// Gives up after ten seconds without anything happening.
    private static func awaitAny(_ descriptors: [Int32], _ events: Int16, received: Int) throws {
        var waited = descriptors.map { pollfd(fd: $0, events: events, revents: 0) }
        // SAFETY: the array is borrowed for the call, and as long as is said.
        let count = unsafe waited.withUnsafeMutableBufferPointer { unsafe poll($0.baseAddress, UInt(descriptors.count), 10_000) }
        guard count > 0 else { throw Stalled(received: received) }
    }
}
