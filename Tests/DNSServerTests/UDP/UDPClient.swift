import LinuxSystem
import NetworkTypes

let loopback6 = IPAddress(bits: 1, family: .ipv6)

/// A client that waits for one reply at a time.
struct UDPClient: ~Copyable {
    let socket: Socket
    let epoll: Epoll

    init(_ family: IPFamily = .ipv4) throws {
        let socket = try Socket(.datagram, family)
        let epoll = try Epoll()
        try socket.bind(to: SocketAddress(family == .ipv4 ? loopback : loopback6, port: 0))
        try epoll.add(socket.descriptor.rawValue, .readable, token: 0)
        self.socket = socket
        self.epoll = epoll
    }

    func send(_ query: WireQuery, to server: SocketAddress) throws {
        _ = try socket.sendDatagram(query.bytes.span, along: DatagramPath(peer: server, local: nil))
    }

    /// Nil when nothing comes for a long time.
    func receive() throws -> (reply: WireReply, peer: SocketAddress)? {
        var buffer = [UInt8](repeating: 0, count: 2048)
        while true {
            if let datagram = try socket.receiveDatagram(into: &buffer) {
                return (try WireReply(Array(buffer[..<datagram.byteCount])), datagram.path.peer)
            }
            if try epoll.wait(timeout: .seconds(20)).isEmpty { return nil }
        }
    }

    func ask(_ query: WireQuery, of server: SocketAddress) throws -> WireReply? {
        try send(query, to: server)
        return try receive()?.reply
    }
}

/// Clients in an array.
final class UDPClientBox {
    let client: UDPClient

    init(_ client: consuming UDPClient) { self.client = client }
}
