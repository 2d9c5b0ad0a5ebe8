import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Relay

@testable import UserspaceDataplane

/// In the relay's place: answers every connection and datagram with `ORIGIN DESTINATION CLIENT`, where it came in, what it
/// was for and from whom. On a thread of its own, until it is closed.
final class TestRelay: Sendable {
    private final class Wake: Sendable {
        let descriptor: WakeDescriptor
        init() throws(Errno) { descriptor = try WakeDescriptor() }
    }

    private let wake: Wake
    let ports: [IPFamily: RedirectionPorts]

    private struct Listener {
        let socket: RelaySocketStandIn
        let place: RedirectionListeners.Place
    }

    /// In the network namespace of the calling thread.
    init(_ marks: RedirectionMarks) throws {
        let wake = try Wake()
        self.wake = wake
        var listeners: [Listener] = []
        var ports: [IPFamily: RedirectionPorts] = [:]
        for family in IPFamily.allCases {
            var found = RedirectionPorts()
            for place in RedirectionListeners.places {
                let socket = try RelaySocketStandIn(RedirectionListeners.listener(place, family), mark: marks.own)
                found[place] = socket.port
                listeners.append(Listener(socket: socket, place: place))
            }
            ports[family] = found
        }
        self.ports = ports
        let taken = listeners
        _ = try DedicatedThread(named: "test-relay") {
            guard let epoll = try? Epoll() else { return }
            try? epoll.add(wake.descriptor.rawValue, .readable, token: .max)
            for (index, listener) in taken.enumerated() {
                try? epoll.add(listener.socket.descriptor, .readable, token: UInt64(index))
            }
            while true {
                for event in (try? epoll.wait()) ?? [] {
                    if event.token == .max { return }
                    let listener = taken[Int(event.token)]
                    listener.socket.answer(listener.place.origin.name, marks.own)
                }
            }
        }
    }

    deinit { wake.descriptor.signal() }
}

/// A listener as the relay's carriers use them.
final class RelaySocketStandIn: Sendable {
    private let socket: Socket
    private let listener: RelayListener
    let port: UInt16

    init(_ listener: RelayListener, mark: UInt32) throws {
        let isStream = listener.protocol == .tcp
        let socket = try Socket(isStream ? .stream : .datagram, listener.address.family)
        try socket.set(SOL_SOCKET, SO_MARK, Int32(bitPattern: mark))
        if listener.isTransparent { try socket.setTransparent() }
        try socket.bind(to: listener.address)
        if isStream { try socket.listen() } else { try socket.tellLocalAddresses() }
        port = try socket.localAddress().port
        self.socket = socket
        self.listener = listener
    }

    var descriptor: Int32 { socket.descriptor.rawValue }

    func answer(_ origin: String, _ mark: UInt32) {
        if listener.protocol == .tcp { answerConnections(origin) } else { answerDatagrams(origin, mark) }
    }

    private func answerConnections(_ origin: String) {
        while let accepted = try? socket.accept() {
            let peer = accepted.peer
            let connection = accepted.take()
            let destination =
                listener.destination == .redirected ? connection.originalDestination : try? connection.localAddress()
            let text = "\(origin) \(destination.map { "\($0)" } ?? "nobody knows") \(peer.address)"
            _ = try? connection.send(Array(text.utf8).span)
        }
    }

    private func answerDatagrams(_ origin: String, _ mark: UInt32) {
        var buffer = [UInt8](repeating: 0, count: 256)
        while let datagram = try? socket.receiveDatagram(into: &buffer) {
            guard let asked = datagram.path.local, let port = UInt16(String(decoding: buffer[..<datagram.byteCount], as: UTF8.self))
            else { continue }
            // The port is in the question: it takes control messages of its own to learn it.
            let destination = SocketAddress(asked, port: port)
            let text = "\(origin) \(destination) \(datagram.path.peer.address)"
            do {
                let reply = try Socket(.datagram, asked.family)
                try reply.set(SOL_SOCKET, SO_MARK, Int32(bitPattern: mark))
                try reply.setTransparent()
                try reply.bind(to: destination)
                let path = DatagramPath(peer: datagram.path.peer, local: nil)
                _ = try reply.sendDatagram(Array(text.utf8).span, along: path)
            } catch {
                continue
            }
        }
    }
}

extension Socket {
    /// Keeps ICMP errors in the error queue (ip(7), ipv6(7)).
    fileprivate func keepErrors() throws(Errno) {
        if family == .ipv4 { try set(Int32(IPPROTO_IP), IP_RECVERR, 1) } else { try set(Int32(IPPROTO_IPV6), IPV6_RECVERR, 1) }
    }

    fileprivate var hasKeptError: Bool {
        var buffer = [UInt8](repeating: 0, count: 256)
        // SAFETY: the kernel writes at most `count` bytes to memory borrowed for the call.
        return unsafe buffer.withUnsafeMutableBytes {
            unsafe recv(descriptor.rawValue, $0.baseAddress, $0.count, Int32(MSG_ERRQUEUE))
        } >= 0
    }

    /// SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST (linux/netfilter_ipv4.h, netfilter_ipv6/ip6_tables.h): 80 both.
    fileprivate var originalDestination: SocketAddress? {
        var bytes = [UInt8](repeating: 0, count: 28)
        var length = socklen_t(bytes.count)
        let level = Int32(family == .ipv4 ? IPPROTO_IP : IPPROTO_IPV6)
        // SAFETY: the kernel writes at most `length` bytes to memory borrowed for the call.
        let result = unsafe bytes.withUnsafeMutableBytes {
            unsafe getsockopt(descriptor.rawValue, level, 80, $0.baseAddress, &length)
        }
        guard result == 0 else { return nil }
        // struct sockaddr_in and sockaddr_in6: port at 2; address at 4 or at 8.
        let range = family == .ipv4 ? 4..<8 : 8..<24
        guard let address = IPAddress(networkBytes: Array(bytes[range])) else { return nil }
        return SocketAddress(address, port: UInt16(bytes[2]) << 8 | UInt16(bytes[3]))
    }
}

/// What came back to one client.
enum ClientReply: Sendable, Hashable {
    case answer(String)
    case error(Errno)
    case silence
}

extension TestNamespace {
    /// Asks once from here and waits for the answer; silence is what lasts for `patience`.
    func ask(
        _ transport: TransportProtocol, _ target: SocketAddress, patience: Duration = .seconds(5)
    ) async throws -> ClientReply {
        try await inside { try ClientReply.of(transport, target, patience) }
    }
}

extension ClientReply {
    fileprivate static func of(
        _ transport: TransportProtocol, _ target: SocketAddress, _ patience: Duration
    ) throws -> ClientReply {
        let socket = try Socket(transport == .tcp ? .stream : .datagram, target.family)
        let epoll = try Epoll()
        var buffer = [UInt8](repeating: 0, count: 256)
        if transport == .tcp { try socket.keepErrors() }
        do throws(Errno) {
            _ = try socket.connect(to: target)
            if transport == .udp { _ = try socket.send(Array("\(target.port)".utf8).span) }
        } catch {
            return .error(error)
        }
        try epoll.add(socket.descriptor.rawValue, .readable, token: 0)
        while true {
            if try epoll.wait(timeout: patience).isEmpty { return .silence }
            do throws(Errno) {
                if let count = try socket.receive(into: &buffer) {
                    return .answer(String(decoding: buffer[..<count], as: UTF8.self))
                }
                // An ICMP error that came while connect(2) held the socket is in the queue alone.
                if socket.hasKeptError { return .error(.connectionRefused) }
            } catch {
                return .error(error)
            }
        }
    }
}
