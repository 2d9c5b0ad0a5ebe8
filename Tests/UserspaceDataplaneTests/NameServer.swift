import LinuxSystem
import NetworkTypes

/// A backend that tells its name to whoever connects or sends a datagram, until it is closed.
final class NameServer: Sendable {
    private final class Wake: Sendable {
        let descriptor: WakeDescriptor
        init() throws(Errno) { descriptor = try WakeDescriptor() }
    }

    private final class Sockets: Sendable {
        let stream: Socket
        let datagram: Socket

        init(at address: SocketAddress) throws {
            stream = try Socket(.stream, address.family)
            datagram = try Socket(.datagram, address.family)
            try stream.bind(to: address)
            try datagram.bind(to: address)
            try stream.listen()
        }

        func answer(_ name: String) {
            while let accepted = try? stream.accept() { _ = try? accepted.take().send(Array(name.utf8).span) }
            var buffer = [UInt8](repeating: 0, count: 64)
            while let datagram = try? self.datagram.receiveDatagram(into: &buffer) {
                _ = try? self.datagram.sendDatagram(Array(name.utf8).span, along: datagram.path)
            }
        }
    }

    private let wake: Wake

    /// In the network namespace of the calling thread.
    init(_ name: String, at address: SocketAddress) throws {
        let (wake, sockets) = (try Wake(), try Sockets(at: address))
        self.wake = wake
        _ = try DedicatedThread(named: "name-server") {
            guard let epoll = try? Epoll() else { return }
            try? epoll.add(wake.descriptor.rawValue, .readable, token: 0)
            try? epoll.add(sockets.stream.descriptor.rawValue, .readable, token: 1)
            try? epoll.add(sockets.datagram.descriptor.rawValue, .readable, token: 2)
            while true {
                for event in (try? epoll.wait()) ?? [] {
                    if event.token == 0 { return }
                    sockets.answer(name)
                }
            }
        }
    }

    deinit { wake.descriptor.signal() }
}
