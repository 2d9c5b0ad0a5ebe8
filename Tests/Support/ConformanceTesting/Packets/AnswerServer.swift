internal import LinuxSystem
internal import NetworkNamespaceTesting
internal import NetworkTypes
internal import Synchronization

/// What servers saw, counted over all of them: connections and datagrams that were no markers.
final class ArrivalCount: Sendable {
    private let count = Atomic<Int>(0)

    init() {}

    var value: Int { count.load(ordering: .acquiring) }
    func add() { count.add(1, ordering: .acquiringAndReleasing) }
}

/// Answers every TCP connection and every datagram in its namespace with `NAME SOURCE PORT`, on a thread
/// of its own, until it is closed.
final class AnswerServer: Sendable {
    private let wake: WakeDescriptor
    private let ended: Mutex<Task<Void, any Error>?> = Mutex(nil)

    /// Returns once every port is open.
    static func start(
        _ name: String, ports: [PortNumber], in namespace: TestNamespace, arrivals: ArrivalCount
    ) async throws -> AnswerServer {
        let server = try AnswerServer()
        try await withCheckedThrowingContinuation { (ready: CheckedContinuation<Void, any Error>) in
            let task = Task {
                try await namespace.inside {
                    let loop: AnswerLoop
                    do {
                        loop = try AnswerLoop(name: name, ports: ports, arrivals: arrivals, wake: server.wake.rawValue)
                    } catch {
                        try outsideNamespaces { ready.resume(throwing: error) }
                        return
                    }
                    try outsideNamespaces { ready.resume() }
                    try loop.run()
                }
            }
            server.ended.withLock { $0 = task }
        }
        return server
    }

    private init() throws(Errno) { wake = try WakeDescriptor() }

    /// Ends it, and returns once its sockets are closed.
    func close() async {
        wake.signal()
        let task = ended.withLock { $0 }
        _ = await task?.result
    }
}

/// The sockets of one server and what it does with them; all on one thread.
private final class AnswerLoop {
    private final class Listener {
        let socket: Socket
        let isStream: Bool
        let port: PortNumber

        init(_ kind: Socket.Kind, _ family: IPFamily, _ port: PortNumber) throws {
            socket = try Socket(kind, family)
            isStream = kind == .stream
            self.port = port
            try socket.bind(to: SocketAddress(IPAddress(bits: 0, family: family), port: port.rawValue))
            if isStream { try socket.listen() } else { try socket.tellLocalAddresses() }
            try socket.descriptor.setNonblocking()
        }
    }

    private static let wakeToken = UInt64.max

    private let name: String
    private let arrivals: ArrivalCount
    private let epoll: Epoll
    private var listeners: [Listener] = []

    init(name: String, ports: [PortNumber], arrivals: ArrivalCount, wake: Int32) throws {
        self.name = name
        self.arrivals = arrivals
        epoll = try Epoll()
        try epoll.add(wake, .readable, token: Self.wakeToken)
        for family in IPFamily.allCases {
            for port in ports {
                listeners.append(try Listener(.stream, family, port))
                listeners.append(try Listener(.datagram, family, port))
            }
            listeners.append(try Listener(.datagram, family, World.markerPort))
        }
        for (index, listener) in listeners.enumerated() {
            try epoll.add(listener.socket.descriptor.rawValue, .readable, token: UInt64(index))
        }
    }

    func run() throws {
        var buffer = [UInt8](repeating: 0, count: 256)
        while true {
            for event in try epoll.wait() {
                if event.token == Self.wakeToken { return }
                let listener = listeners[Int(event.token)]
                if listener.isStream { try accept(listener) } else { try answer(listener, &buffer) }
            }
        }
    }

    private func text(_ peer: SocketAddress, _ port: PortNumber) -> [UInt8] {
        Array("\(name) \(peer.address) \(port)".utf8)
    }

    private func accept(_ listener: Listener) throws {
        while let accepted = try listener.socket.accept() {
            arrivals.add()
            let answer = text(accepted.peer, listener.port)
            let socket = accepted.take()
            // A peer that is gone already has nothing to be told.
            _ = try? socket.send(answer.span)
        }
    }

    private func answer(_ listener: Listener, _ buffer: inout [UInt8]) throws {
        while true {
            let datagram: Socket.Datagram?
            do throws(Errno) {
                datagram = try listener.socket.receiveDatagram(into: &buffer)
            } catch {
                // An ICMP error of an earlier answer: its client had gone.
                continue
            }
            guard let datagram else { return }
            if listener.port != World.markerPort { arrivals.add() }
            let answer = text(datagram.path.peer, listener.port)
            _ = try? listener.socket.sendDatagram(answer.span, along: datagram.path)
        }
    }
}
