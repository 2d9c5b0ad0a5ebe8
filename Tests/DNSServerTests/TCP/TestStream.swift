import Glibc
import LinuxSystem

/// A client's connection whose calls wait. To be used inside `onClientThread`.
struct TestStream: ~Copyable {
    private let socket: Socket
    private var received: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 65536)

    /// A call that waits longer is stuck: the test fails instead of hanging.
    private static let patience: Duration = .seconds(20)

    /// - Parameters:
    ///   - source: the client's own address, for limits per client.
    ///   - receiveBuffer: SO_RCVBUF, to be a client that the kernel cannot take much for.
    init(to server: SocketAddress, from source: SocketAddress? = nil, receiveBuffer: Int32? = nil) throws {
        socket = try Socket(.stream, server.family)
        try socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        if let receiveBuffer { try socket.set(SOL_SOCKET, SO_RCVBUF, receiveBuffer) }
        if let source { try socket.bind(to: source) }
        if try !socket.connect(to: server) {
            try wait(.writable)
            if let error = try socket.takeError() { throw error }
        }
    }

    func send(_ bytes: some Collection<UInt8>) throws {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            if let count = try socket.send(bytes.span.extracting(sent..<bytes.count)) {
                sent += count
            } else {
                try wait(.writable)
            }
        }
    }

    func send(frames messages: [[UInt8]]) throws { try send(messages.flatMap { frame($0) }) }

    func shutdownSending() throws { try socket.shutdownSending() }

    /// The next message; nil when the server ended or cut the connection.
    mutating func receive() throws -> [UInt8]? {
        while true {
            if received.count >= 2 {
                let length = Int(received[0]) << 8 | Int(received[1])
                if received.count >= 2 + length {
                    defer { received.removeFirst(2 + length) }
                    return Array(received[2..<(2 + length)])
                }
            }
            do {
                guard let count = try socket.receive(into: &buffer) else {
                    try wait(.readable)
                    continue
                }
                if count == 0 { return nil }
                received += buffer[..<count]
            } catch let error as Errno where error == .connectionReset {
                return nil
            }
        }
    }

    mutating func receive(_ count: Int) throws -> [[UInt8]] {
        var messages: [[UInt8]] = []
        while messages.count < count, let message = try receive() { messages.append(message) }
        return messages
    }

    private func wait(_ interest: Epoll.Interest) throws {
        let epoll = try Epoll()
        try epoll.add(socket.descriptor.rawValue, interest, token: 0)
        if try epoll.wait(timeout: Self.patience).isEmpty { throw Errno.timedOut }
    }
}

func frame(_ message: [UInt8]) -> [UInt8] {
    [UInt8(truncatingIfNeeded: message.count >> 8), UInt8(truncatingIfNeeded: message.count)] + message
}

/// Runs calls that wait on a thread of their own.
func onClientThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await DedicatedThread.run(named: "dns-client", body)
}

/// A moment, for what can only be looked at again and again; bounded by the test's own patience.
func pause() throws { usleep(1000) }
