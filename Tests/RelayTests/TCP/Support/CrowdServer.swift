import LinuxSystem

/// Sends back at once what any of its connections sends, and ends with it: one thread for all, so that there may be many.
final class CrowdServer: Sendable {
    private final class Connection {
        let socket: Socket
        init(_ socket: consuming Socket) { self.socket = socket }
    }

    let backend: TestBackend
    private let wake: WakeDescriptor
    private let epoll: Epoll
    private let ended = Latch(count: 1)

    init() throws {
        backend = try TestBackend()
        wake = try WakeDescriptor()
        epoll = try Epoll()
        try epoll.add(wake.rawValue, .readable, token: 0)
        try epoll.add(backend.socket.descriptor.rawValue, .readable, token: 1)
        _ = try DedicatedThread(named: "crowd") {
            self.serve()
            self.ended.countDown()
        }
    }

    func stop() {
        wake.signal()
        ended.wait()
    }

    private func serve() {
        var connections: [UInt64: Connection] = [:]
        var next: UInt64 = 2
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            for event in (try? epoll.wait()) ?? [] {
                switch event.token {
                case 0: return
                case 1:
                    while let accepted = try? backend.socket.accept() {
                        let connection = Connection(accepted.take())
                        try? epoll.add(connection.socket.descriptor.rawValue, .readable, token: next)
                        connections[next] = connection
                        next += 1
                    }
                default:
                    guard let connection = connections[event.token] else { continue }
                    if !echo(connection, &buffer) { connections[event.token] = nil }
                }
            }
        }
    }

    /// False: it has ended.
    private func echo(_ connection: Connection, _ buffer: inout [UInt8]) -> Bool {
        do throws(Errno) {
            while let count = try connection.socket.receive(into: &buffer) {
                if count == 0 { return false }
                _ = try connection.socket.send(buffer.span.extracting(..<count))
            }
            return true
        } catch { return false }
    }
}
