import LinuxSystem

/// Why a try got no answer, in a word that scripts and tests can compare.
enum ClientFailure: Error, CustomStringConvertible {
    case timeout
    case closed
    case refusedByKernel(Errno)

    var description: String {
        switch self {
        case .timeout, .refusedByKernel(.timedOut): "timeout"
        case .closed: "closed"
        case .refusedByKernel(.connectionRefused): "refused"
        case .refusedByKernel(.connectionReset), .refusedByKernel(.brokenPipe): "reset"
        case .refusedByKernel(.hostUnreachable), .refusedByKernel(.networkUnreachable): "unreachable"
        case .refusedByKernel(let error): "error: \(error)"
        }
    }
}

/// One connected socket with a deadline.
final class EchoClient {
    let socket: Socket
    private let epoll: Epoll
    private let deadline: ContinuousClock.Instant

    init(
        _ transport: ClientProtocol, _ target: SocketAddress, from source: SocketAddress?, timeout: Duration
    ) throws(ClientFailure) {
        deadline = .now + timeout
        socket = try askingKernel { () throws(Errno) in
            try Socket(transport == .tcp ? .stream : .datagram, target.family)
        }
        epoll = try askingKernel { () throws(Errno) in try Epoll() }
        let isConnected = try askingKernel { () throws(Errno) in
            if let source { try socket.bind(to: source) }
            let isConnected = try socket.connect(to: target)
            try epoll.add(socket.descriptor.rawValue, .writable, token: 0)
            return isConnected
        }
        if !isConnected { try wait(.writable) }
    }

    /// Waits until the socket is ready or has failed.
    func wait(_ interest: Epoll.Interest) throws(ClientFailure) {
        do throws(Errno) {
            try epoll.modify(socket.descriptor.rawValue, interest, token: 0)
            let events = try epoll.wait(timeout: ContinuousClock.now.duration(to: deadline))
            if let error = try socket.takeError() { throw error }
            if !events.isEmpty { return }
        } catch {
            throw .refusedByKernel(error)
        }
        throw .timeout
    }

    /// Reads up to the first line feed.
    func readLine() throws(ClientFailure) -> String {
        var line: [UInt8] = []
        while true {
            let bytes = try receive()
            if bytes.isEmpty { throw .closed }
            line += bytes
            if let end = line.firstIndex(of: UInt8(ascii: "\n")) {
                return String(decoding: line[..<end], as: UTF8.self)
            }
        }
    }

    /// Sends a datagram and waits for one.
    func ask(_ question: String) throws(ClientFailure) -> String {
        do throws(Errno) {
            _ = try socket.send(Array(question.utf8).span)
        } catch {
            throw .refusedByKernel(error)
        }
        return String(decoding: try receive(), as: UTF8.self)
    }

    private func receive() throws(ClientFailure) -> ArraySlice<UInt8> {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            try wait(.readable)
            do throws(Errno) {
                if let count = try socket.receive(into: &buffer) { return buffer[..<count] }
            } catch {
                throw .refusedByKernel(error)
            }
        }
    }
}

private func askingKernel<T: ~Copyable>(_ body: () throws(Errno) -> T) throws(ClientFailure) -> T {
    do throws(Errno) {
        return try body()
    } catch {
        throw .refusedByKernel(error)
    }
}
