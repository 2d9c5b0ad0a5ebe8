import Glibc
import LinuxSystem

/// A backend for crowds: sends back what comes, as far as the socket takes it, and ends what has ended. Prints `at
/// ADDRESS:PORT` once it serves; ends with SIGTERM.
final class Echo {
    private final class Connection {
        let socket: Socket
        init(_ socket: consuming Socket) { self.socket = socket }
    }

    private enum Token {
        static let signal: UInt64 = 0
        static let listener: UInt64 = 1
        static let firstConnection: UInt64 = 2
    }

    private let listener: Socket
    private let epoll: Epoll
    private var connections: [UInt64: Connection] = [:]
    private var next = Token.firstConnection
    private var buffer = [UInt8](repeating: 0, count: 4096)

    static func run(_ words: ArraySlice<String>) throws {
        guard words.count == 1, let address = words.first.flatMap({ SocketAddress($0) }) else {
            throw UsageError(description: "relay-process echo LISTEN")
        }
        _ = try DescriptorLimit.raise()
        let echo = try Echo(at: address)
        try echo.serve()
    }

    private init(at address: SocketAddress) throws {
        listener = try Socket(.stream, address.family)
        try listener.bind(to: address)
        try listener.listen()
        epoll = try Epoll()
        try epoll.add(listener.descriptor.rawValue, .readable, token: Token.listener)
    }

    private func serve() throws {
        let signals = try SignalDescriptor([SIGTERM])
        try epoll.add(signals.rawValue, .readable, token: Token.signal)
        say("at \(try listener.localAddress())")
        while true {
            for event in try epoll.wait() {
                switch event.token {
                case Token.signal: return
                case Token.listener: try accept()
                default: answer(event.token)
                }
            }
        }
    }

    private func accept() throws {
        while let accepted = try listener.accept() {
            let connection = Connection(accepted.take())
            try epoll.add(connection.socket.descriptor.rawValue, .readable, token: next)
            connections[next] = connection
            next += 1
        }
    }

    private func answer(_ token: UInt64) {
        guard let connection = connections[token] else { return }
        do throws(Errno) {
            while let count = try connection.socket.receive(into: &buffer) {
                guard count > 0 else { break }
                _ = try connection.socket.send(buffer.span.extracting(..<count))
                if count < buffer.count { return }
            }
        } catch {}
        connections[token] = nil
    }
}
