package import LinuxSystem
internal import NetworkNamespaceTesting
internal import NetworkTypes

/// One TCP connection to a server: messages behind their lengths (RFC 1035 section 4.2.2).
package final class StreamExchange {
    private let socket: Socket
    private let epoll: Epoll
    private var received: [UInt8] = []
    private var hasEnded = false
    private var buffer = [UInt8](repeating: 0, count: 65536)

    package init(_ server: SocketAddress) throws {
        socket = try Socket(.stream, server.family)
        epoll = try Epoll()
        let isConnected = try socket.connect(to: server)
        try epoll.add(socket.descriptor.rawValue, isConnected ? .readable : .writable, token: 0)
        if !isConnected {
            _ = try epoll.wait(timeout: .seconds(8))
            if let error = try socket.takeError() { throw error }
            try epoll.modify(socket.descriptor.rawValue, .readable, token: 0)
        }
    }

    package static func frame(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
    }

    package func send(frame bytes: [UInt8]) throws { try send(StreamExchange.frame(bytes)) }

    /// Sends bytes as they are. Test messages fit a socket's buffer.
    package func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let count = try socket.send(Array(rest).span) else {
                throw TestSupportError("the socket's buffer is full")
            }
            rest = rest.dropFirst(count)
        }
    }

    package func shutdownSending() throws { try socket.shutdownSending() }

    /// The next message; nil at the end of the connection or when none comes in time.
    package func receiveFrame(within limit: Duration) throws -> [UInt8]? {
        let deadline = ContinuousClock.now + limit
        while true {
            if received.count >= 2 {
                let count = Int(received[0]) << 8 | Int(received[1])
                if received.count >= 2 + count {
                    let frame = Array(received[2..<(2 + count)])
                    received.removeFirst(2 + count)
                    return frame
                }
            }
            guard !hasEnded, try receiveMore(until: deadline) else { return nil }
        }
    }

    /// False when the time is up.
    private func receiveMore(until deadline: ContinuousClock.Instant) throws -> Bool {
        do throws(Errno) {
            if let count = try socket.receive(into: &buffer) {
                received += buffer[..<count]
                hasEnded = count == 0
                return true
            }
        } catch {
            // Reset: what it sent before is read already.
            hasEnded = true
            return true
        }
        let rest = ContinuousClock.now.duration(to: deadline)
        guard rest > .zero else { return false }
        _ = try epoll.wait(timeout: rest)
        return true
    }
}
