package import LinuxSystem
internal import NetworkTypes

/// One UDP socket to a server.
package final class DatagramExchange {
    private let socket: Socket
    private let epoll: Epoll
    private var buffer = [UInt8](repeating: 0, count: 65536)

    package init(_ server: SocketAddress) throws {
        socket = try Socket(.datagram, server.family)
        _ = try socket.connect(to: server)
        epoll = try Epoll()
        try epoll.add(socket.descriptor.rawValue, .readable, token: 0)
    }

    package func send(_ bytes: [UInt8]) throws { _ = try socket.send(bytes.span) }

    /// The next datagram; nil when none comes in time.
    package func receive(within limit: Duration) throws -> [UInt8]? {
        let deadline = ContinuousClock.now + limit
        while true {
            if let count = try socket.receive(into: &buffer) { return Array(buffer[..<count]) }
            let rest = ContinuousClock.now.duration(to: deadline)
            guard rest > .zero else { return nil }
            _ = try epoll.wait(timeout: rest)
        }
    }
}
