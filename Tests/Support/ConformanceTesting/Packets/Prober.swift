internal import Glibc
internal import LinuxSystem
internal import NetworkTypes
internal import Synchronization

/// What came back to one connection attempt.
enum ProbeReply: Sendable, Hashable {
    /// Who answered, whom it saw, at which port.
    case answer(name: String, source: IPAddress, port: PortNumber)
    case error(Errno)
    case nothing
}

/// Connections from the calling thread's namespace.
final class Prober {
    /// How long an answer may take that must come.
    static let patience = Duration.seconds(5)

    private final class Attempt {
        let socket: Socket
        var reply = ProbeReply.nothing
        var isOver = false

        init(_ kind: Socket.Kind, _ family: IPFamily) throws(Errno) { socket = try Socket(kind, family) }

        func end(_ reply: ProbeReply) {
            if !isOver { self.reply = reply }
            isOver = true
        }
    }

    private let epoll: Epoll
    private var attempts: [Attempt] = []
    private var openCount = 0
    private let isStream: Bool

    /// Starts `count` connections from `source` to `target`.
    ///
    /// - Parameter isPatient: hear of refusals as any client does. The kernel keeps an ICMP error that comes
    ///   while connect(2) still holds the socket (here: always, for everything happens within that call)
    ///   until the SYN is sent again a second later. Others read it from the error queue, at once.
    init(
        from source: IPAddress, to target: SocketAddress, _ transport: TransportProtocol, count: Int,
        isPatient: Bool = false
    ) throws {
        epoll = try Epoll()
        isStream = transport == .tcp
        for index in 0..<count {
            let attempt = try Attempt(isStream ? .stream : .datagram, source.family)
            // Closing resets: the pair of ports is free at once, here and in connection tracking.
            if isStream { try attempt.socket.setResetOnClose() }
            if isStream && !isPatient { try attempt.socket.keepErrors() }
            try bind(attempt.socket, to: source)
            attempts.append(attempt)
            openCount += 1
            do throws(Errno) {
                _ = try attempt.socket.connect(to: target)
                if !isStream { _ = try attempt.socket.send(Array("probe".utf8).span) }
            } catch {
                // The node's own filter refuses to let a packet go: whether it told why is read below.
                if error != Errno(rawValue: EPERM) {
                    attempt.end(.error(error))
                    openCount -= 1
                    continue
                }
            }
            try epoll.add(attempt.socket.descriptor.rawValue, .readable, token: UInt64(index))
        }
    }

    /// A datagram socket to the next port that is free: a relay on this host has some for a moment.
    private func bind(_ socket: borrowing Socket, to source: IPAddress) throws(Errno) {
        if isStream { return try socket.bind(to: SocketAddress(source, port: 0)) }
        for _ in 0..<100 {
            do throws(Errno) {
                return try socket.bind(to: SocketAddress(source, port: Self.nextDatagramPort()))
            } catch {
                if error.rawValue != EADDRINUSE { throw error }
            }
        }
        throw Errno(rawValue: EADDRINUSE)
    }

    private static let datagramPorts = Atomic<UInt32>(0)

    /// Ports in turn: the kernel would give one port to two datagram sockets that may share it.
    private static func nextDatagramPort() -> UInt16 {
        let (first, count): (UInt32, UInt32) = (33000, 27000)
        return UInt16(first + datagramPorts.add(1, ordering: .relaxed).oldValue % count)
    }

    /// Waits until every connection has an answer or an error, or for `timeout`.
    ///
    /// - Parameter asksAgain: send the datagrams that have no answer once more, each second.
    func wait(_ timeout: Duration = Prober.patience, asksAgain: Bool = false) throws {
        let deadline = ContinuousClock.now + timeout
        var buffer = [UInt8](repeating: 0, count: 256)
        while openCount > 0 {
            let left = ContinuousClock.now.duration(to: deadline)
            let events = try epoll.wait(timeout: max(asksAgain ? min(left, .seconds(1)) : left, .zero))
            if events.isEmpty && left <= .zero { return }
            if events.isEmpty && asksAgain { askAgain() }
            for event in events { try read(attempts[Int(event.token)], &buffer) }
        }
    }

    private func askAgain() {
        for attempt in attempts where !attempt.isOver {
            // What hinders it is told by the next reading.
            _ = try? attempt.socket.send(Array("probe".utf8).span)
        }
    }

    private func read(_ attempt: Attempt, _ buffer: inout [UInt8]) throws {
        if attempt.isOver { return }
        do throws(Errno) {
            if let count = try attempt.socket.receive(into: &buffer) {
                attempt.end(Self.parse(buffer[..<count]))
            } else if let error = try attempt.socket.keptError() {
                attempt.end(.error(error))
            } else {
                return
            }
        } catch {
            attempt.end(.error(error))
        }
        openCount -= 1
        try epoll.remove(attempt.socket.descriptor.rawValue)
    }

    private static func parse(_ bytes: ArraySlice<UInt8>) -> ProbeReply {
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard words.count == 3, let source = IPAddress(words[1]), let number = UInt16(words[2]),
            let port = PortNumber(rawValue: number)
        else { return .error(Errno(rawValue: EBADMSG)) }
        return .answer(name: String(words[0]), source: source, port: port)
    }

    /// What came so far.
    var replies: [ProbeReply] { attempts.map(\.reply) }
}

extension Socket {
    /// SO_LINGER with no time: close sends RST (socket(7)).
    fileprivate func setResetOnClose() throws(Errno) {
        var value = linger(l_onoff: 1, l_linger: 0)
        let descriptor = descriptor.rawValue
        try syscall("setsockopt") {
            // SAFETY: the kernel reads the eight bytes of a local during the call.
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
        }
    }

    /// Keeps ICMP errors in the error queue (ip(7), ipv6(7)).
    fileprivate func keepErrors() throws(Errno) {
        if family == .ipv4 {
            try set(Int32(IPPROTO_IP), IP_RECVERR, 1)
        } else {
            try set(Int32(IPPROTO_IPV6), IPV6_RECVERR, 1)
        }
    }

    /// Takes an error from the error queue: `struct sock_extended_err` after the header of its control
    /// message, the error number first. Nil when there is none.
    fileprivate func keptError() throws(Errno) -> Errno? {
        var control = [UInt8](repeating: 0, count: 128)
        let descriptor = descriptor.rawValue
        let received = try syscallUnlessBlocking("recvmsg") {
            // SAFETY: the kernel writes at most `count` bytes to memory borrowed for the call.
            unsafe control.withUnsafeMutableBytes { bytes in
                var message = unsafe msghdr()
                unsafe message.msg_control = bytes.baseAddress
                unsafe message.msg_controllen = bytes.count
                return unsafe recvmsg(descriptor, &message, Int32(MSG_ERRQUEUE))
            }
        }
        guard received != nil else { return nil }
        let start = MemoryLayout<cmsghdr>.size
        let code = control[start..<start + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Errno(rawValue: Int32(bitPattern: code))
    }
}
