import Glibc
import LinuxSystem
import NetworkTypes

/// A listening socket that tests accept from.
final class TestBackend: Sendable {
    let socket: Socket
    let address: SocketAddress

    init(at text: String = "127.0.0.1:0", backlog: Int32 = 4096) throws {
        guard let wanted = SocketAddress(text) else { throw TestFailure("no address: \(text)") }
        let socket = try Socket(.stream, wanted.family)
        try socket.bind(to: wanted)
        try socket.listen(backlog: backlog)
        address = try socket.localAddress()
        self.socket = socket
    }

    func accept() throws -> (stream: TestStream, peer: SocketAddress) {
        while true {
            if let accepted = try socket.accept() {
                let peer = accepted.peer
                return (TestStream(accepted.take()), peer)
            }
            try awaitReadiness(socket.descriptor.rawValue, Int16(POLLIN))
        }
    }

    /// Whether a connection waits to be accepted.
    func acceptNow() throws -> TestStream? {
        guard let accepted = try socket.accept() else { return nil }
        return TestStream(accepted.take())
    }
}

/// An address that refuses: bound, so that nobody else gets it, and not listened at.
final class RefusingBackend: Sendable {
    private let socket: Socket
    let address: SocketAddress

    init(at text: String = "127.0.0.1:0") throws {
        guard let wanted = SocketAddress(text) else { throw TestFailure("no address: \(text)") }
        let socket = try Socket(.stream, wanted.family)
        try socket.bind(to: wanted)
        address = try socket.localAddress()
        self.socket = socket
    }
}

/// An address that does not answer: its queue of connections is full, so that the kernel drops what asks for one.
final class SilentBackend: Sendable {
    private let backend: TestBackend
    private let fillers: [FileDescriptorBox]

    var address: SocketAddress { backend.address }

    init() throws {
        backend = try TestBackend(backlog: 0)
        var fillers: [FileDescriptorBox] = []
        // A backlog of 0 has room for one; the others wait for an answer that does not come.
        for _ in 0..<3 {
            let socket = try Socket(.stream, .ipv4)
            _ = try socket.connect(to: backend.address)
            fillers.append(FileDescriptorBox(socket))
        }
        self.fillers = fillers
    }
}

final class FileDescriptorBox: Sendable {
    private let socket: Socket

    init(_ socket: consuming Socket) { self.socket = socket }
}
