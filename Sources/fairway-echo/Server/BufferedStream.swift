import LinuxSystem

/// The protocol spoken over a `BufferedStream`.
protocol StreamUser: AnyObject {
    /// Bytes came, or there is room to send: consume of `stream.input`, and send as much as there is
    /// room for. True when there is more to send once there is room again.
    func advance() -> Bool
    /// The connection is over, in whatever way.
    func streamDidClose()
}

/// Room to receive into, shared by everything on the one thread.
final class ScratchBuffer {
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
}

/// A nonblocking TCP connection with a buffer each way. It reads no more while what it has to send is
/// at its limit, so the peer's own window holds it back.
final class BufferedStream: EventHandler {
    let local: SocketAddress
    let peer: SocketAddress
    /// Bytes received and not consumed yet.
    var input: [UInt8] = []
    /// The peer sends no more.
    private(set) var isAtEnd = false
    weak var user: (any StreamUser)?

    private let socket: Socket
    private unowned let server: EchoServer
    private var token: UInt64 = 0
    private var interest: Epoll.Interest = []
    private var output: [UInt8] = []
    private var sent = 0
    private var isPaused = false
    private var closesWhenSent = false
    private var isLingering = false
    private var isClosed = false

    private static let readSize = 64 << 10
    private static let lingerTime = Duration.seconds(2)
    /// Shared by all connections: there is one thread.
    private var scratch: ScratchBuffer { server.scratch }

    init(_ socket: consuming Socket, peer: SocketAddress, _ server: EchoServer) throws(Errno) {
        self.peer = peer
        self.server = server
        local = try socket.localAddress()
        self.socket = socket
    }

    /// Begins to wait for events; from here on the loop keeps it alive until it closes.
    func start() throws(Errno) { token = try server.loop.add(socket.descriptor.rawValue, interest, self) }

    /// How many bytes may be queued before the limit.
    var room: Int { max(0, EchoSettings.sendBufferLimit - (output.count - sent)) }

    func send(_ bytes: some Collection<UInt8>) { output.append(contentsOf: bytes) }

    /// Reads nothing until `resume`.
    func pause() { isPaused = true }
    func resume() {
        isPaused = false
        step()
    }

    /// Closes once everything was sent, at once if the peer is gone.
    func closeWhenSent() { closesWhenSent = true }

    /// Lets the user work and sends what it has; call it after anything from outside changed it.
    func step() {
        guard !isClosed else { return }
        do throws(Errno) {
            var hasMore = true
            while hasMore {
                hasMore = isPaused || closesWhenSent ? false : user?.advance() ?? false
                guard try flush() else { break }
            }
            if closesWhenSent && output.isEmpty { try linger() }
            try updateInterest()
        } catch {
            close()
        }
    }

    func handle(_ event: Epoll.Event) {
        // Reset, or both directions over: nobody is left to send to.
        if event.isHungUp { return close() }
        do throws(Errno) {
            if event.isReadable { try receive() }
        } catch {
            return close()
        }
        step()
    }

    /// Closing with bytes unread would reset the connection, and the peer could lose the end of what it
    /// was sent: so this end says that it is done, and waits a little for the peer's.
    private func linger() throws(Errno) {
        guard !isAtEnd else { return close() }
        guard !isLingering else { return }
        isLingering = true
        try socket.shutdownSending()
        server.loop.schedule(after: BufferedStream.lingerTime) { [weak self] in self?.close() }
    }

    private func receive() throws(Errno) {
        guard wantsInput else { return }
        guard let count = try socket.receive(into: &scratch.bytes) else { return }
        if count == 0 { isAtEnd = true }
        if isLingering { return }
        input.append(contentsOf: scratch.bytes[..<count])
    }

    private var wantsInput: Bool {
        if isLingering { return !isAtEnd }
        return !isAtEnd && !isPaused && !closesWhenSent && input.count < BufferedStream.readSize && room > 0
    }

    /// Sends what the socket takes; true when all of it went.
    private func flush() throws(Errno) -> Bool {
        while sent < output.count {
            let pending = output
            guard let count = try socket.send(pending.span.extracting(sent..<pending.count)) else { break }
            sent += count
        }
        if sent == output.count {
            output.removeAll(keepingCapacity: output.capacity <= BufferedStream.readSize)
            sent = 0
            return true
        }
        if sent >= BufferedStream.readSize {
            output.removeFirst(sent)
            sent = 0
        }
        return false
    }

    private func updateInterest() throws(Errno) {
        guard !isClosed else { return }
        var wanted: Epoll.Interest = []
        if wantsInput { wanted.insert(.readable) }
        if !output.isEmpty { wanted.insert(.writable) }
        guard wanted != interest else { return }
        interest = wanted
        try server.loop.modify(socket.descriptor.rawValue, wanted, token: token)
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        server.loop.remove(socket.descriptor.rawValue, token: token)
        user?.streamDidClose()
        user = nil
    }
}
