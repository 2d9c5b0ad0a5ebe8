import LinuxSystem

/// A UDP socket that answers each datagram from the address it was sent to.
final class UDPEchoListener: EchoListener, EventHandler {
    let address: SocketAddress
    private let socket: Socket
    private unowned let server: EchoServer
    private var token: UInt64 = 0
    private var delayedCount = 0
    private var isClosed = false

    /// Datagrams answered in one go, so that a flood of them does not starve the other ports.
    private static let batch = 64

    init(_ server: EchoServer, _ address: SocketAddress) throws(Errno) {
        self.server = server
        socket = try Socket(.datagram, address.family)
        try socket.tellLocalAddresses()
        try socket.bind(to: address)
        self.address = try socket.localAddress()
        token = try server.loop.add(socket.descriptor.rawValue, .readable, self)
    }

    func handle(_ event: Epoll.Event) {
        for _ in 0..<UDPEchoListener.batch {
            do throws(Errno) {
                guard let datagram = try socket.receiveDatagram(into: &server.scratch.bytes) else { return }
                reply(to: datagram)
            } catch {
                // An ICMP error for an earlier answer; the next read goes on.
            }
        }
    }

    private func reply(to datagram: Socket.Datagram) {
        let local = SocketAddress(datagram.path.local ?? address.address, port: address.port)
        var answer = Array((server.settings.greeting(local: local, client: datagram.path.peer) + " ").utf8)
        answer.append(contentsOf: server.scratch.bytes[..<datagram.byteCount])
        if let size = server.settings.udpSize, answer.count < size {
            answer.append(contentsOf: repeatElement(UInt8(ascii: "."), count: size - answer.count))
        }
        guard server.settings.delay > .zero else { return send(answer, datagram.path) }
        guard delayedCount < EchoSettings.delayedDatagramLimit else { return }
        delayedCount += 1
        server.loop.schedule(after: server.settings.delay) { [self] in
            delayedCount -= 1
            if !isClosed { send(answer, datagram.path) }
        }
    }

    /// A datagram that the socket does not take now is lost, as it may be anywhere on its way.
    private func send(_ answer: [UInt8], _ path: DatagramPath) {
        _ = try? socket.sendDatagram(answer.span, along: path)
    }

    func close() {
        isClosed = true
        server.loop.remove(socket.descriptor.rawValue, token: token)
    }
}
