import LinuxSystem
import NetworkTypes

/// Gives back what it is sent, or the address of who sent it, by TCP and UDP, until it is closed.
final class EchoServer: Sendable {
    private final class Wake: Sendable {
        let descriptor: WakeDescriptor
        init() throws(Errno) { descriptor = try WakeDescriptor() }
    }

    private final class Connection {
        let socket: Socket
        let peer: SocketAddress

        init(_ socket: consuming Socket, _ peer: SocketAddress) {
            self.socket = socket
            self.peer = peer
        }
    }

    private final class Sockets: Sendable {
        let stream: Socket
        let datagram: Socket

        init(_ address: SocketAddress) throws {
            stream = try Socket(.stream, address.family)
            datagram = try Socket(.datagram, address.family)
            try stream.bind(to: address)
            try datagram.bind(to: address)
            try stream.listen()
        }
    }

    private let wake: Wake

    /// In the network namespace of the calling thread.
    init(at address: SocketAddress, tellsAddresses: Bool = false) throws {
        let (wake, sockets) = (try Wake(), try Sockets(address))
        @Sendable func answer(_ bytes: ArraySlice<UInt8>, _ peer: SocketAddress) -> [UInt8] {
            tellsAddresses ? Array("\(peer.address)".utf8) : Array(bytes)
        }
        self.wake = wake
        _ = try DedicatedThread(named: "echo-server") {
            guard let epoll = try? Epoll() else { return }
            try? epoll.add(wake.descriptor.rawValue, .readable, token: 0)
            try? epoll.add(sockets.stream.descriptor.rawValue, .readable, token: 1)
            try? epoll.add(sockets.datagram.descriptor.rawValue, .readable, token: 2)
            var connections: [Connection] = []
            var buffer = [UInt8](repeating: 0, count: 256)
            while true {
                for event in (try? epoll.wait()) ?? [] {
                    switch event.token {
                    case 0: return
                    case 1:
                        while let accepted = try? sockets.stream.accept() {
                            let peer = accepted.peer
                            let connection = Connection(accepted.take(), peer)
                            try? epoll.add(connection.socket.descriptor.rawValue, .readable, token: UInt64(3 + connections.count))
                            connections.append(connection)
                        }
                    case 2:
                        while let datagram = try? sockets.datagram.receiveDatagram(into: &buffer) {
                            let bytes = answer(buffer[..<datagram.byteCount], datagram.path.peer)
                            _ = try? sockets.datagram.sendDatagram(bytes.span, along: datagram.path)
                        }
                    default:
                        let connection = connections[Int(event.token) - 3]
                        if let count = try? connection.socket.receive(into: &buffer), count > 0 {
                            _ = try? connection.socket.send(answer(buffer[..<count], connection.peer).span)
                        } else {
                            try? epoll.remove(connection.socket.descriptor.rawValue)
                        }
                    }
                }
            }
        }
    }

    deinit { wake.descriptor.signal() }
}

/// A client's socket that stays open, in the namespace of the thread that made it.
final class OpenClient: Sendable {
    private let socket: Socket
    private let epoll: Epoll

    init(_ transport: TransportProtocol, from source: SocketAddress? = nil, to target: SocketAddress) throws {
        socket = try Socket(transport == .tcp ? .stream : .datagram, target.family)
        epoll = try Epoll()
        if let source { try socket.bind(to: source) }
        try epoll.add(socket.descriptor.rawValue, [.readable], token: 0)
        guard try !socket.connect(to: target) else { return }
        try epoll.modify(socket.descriptor.rawValue, [.writable], token: 0)
        _ = try epoll.wait(timeout: .seconds(5))
        try epoll.modify(socket.descriptor.rawValue, [.readable], token: 0)
    }

    /// What comes back, at once or within some seconds; empty when nothing does.
    func exchange(_ text: String) throws -> String {
        try send(text)
        return try receive()
    }

    func send(_ text: String) throws { _ = try socket.send(Array(text.utf8).span) }

    /// Reads so many bytes, or fewer when nothing comes for some seconds.
    func count(upTo wanted: Int) throws -> Int {
        var (buffer, count) = ([UInt8](repeating: 0, count: 1 << 16), 0)
        while count < wanted, try !epoll.wait(timeout: .seconds(5)).isEmpty {
            count += try socket.receive(into: &buffer) ?? 0
        }
        return count
    }

    func receive() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        if try epoll.wait(timeout: .seconds(5)).isEmpty { return "" }
        guard let count = try socket.receive(into: &buffer) else { return "" }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
