internal import Glibc
internal import LinuxSystem
internal import NetworkTypes

/// A session's way to one backend, which it holds.
final class UDPLeg {
    let socket: Socket
    let service: RelayService
    let scope: RelayService.Scope
    let backend: RelayBackend
    let isRetry: Bool
    let started: ContinuousClock.Instant
    /// Of the table's changes, the last that it was compared with.
    var epoch: Int
    var canSegment = true
    var hasSent = false
    /// The service was told that the backend took the session.
    var isTaken = false

    init(
        _ socket: consuming Socket, _ service: RelayService, _ scope: RelayService.Scope, _ backend: RelayBackend,
        isRetry: Bool, epoch: Int, now: ContinuousClock.Instant
    ) {
        self.socket = socket
        self.service = service
        self.scope = scope
        self.backend = backend
        self.isRetry = isRetry
        self.epoch = epoch
        started = now
    }

    /// A socket that is connected to `backend`.
    ///
    /// - Parameter client: whose address the backend is to see; nil: this host's.
    static func connect(to backend: SocketAddress, as client: SocketAddress?, mark: UInt32) throws(Errno) -> Socket {
        let socket = try Socket(.datagram, backend.family)
        if mark != 0 { try socket.set(SOL_SOCKET, SO_MARK, Int32(bitPattern: mark)) }
        try socket.prepareFlowBackend()
        try? socket.setReceiveBuffer(byteCount: UDPLimits.backendBuffer)
        if let client, backend.canAnswer(client) { bind(socket, as: client) }
        // A datagram socket is connected at once.
        _ = try socket.connect(to: backend)
        return socket
    }

    /// To the client's address and port, or where another socket has these, such as the client's next session or the
    /// client itself, to the address alone. Where neither can be had the backend sees this host.
    private static func bind(_ socket: borrowing Socket, as client: SocketAddress) {
        do throws(Errno) {
            try socket.setTransparent()
            try socket.bindAlone(to: client)
        } catch {
            var address = client
            address.port = 0
            try? socket.bindAlone(to: address)
        }
    }
}

/// What an error of a backend's socket says of it.
struct UDPBackendError {
    let failure: RelayService.Failure
    let problem: ICMPErrorSocket.Problem

    /// nil: nothing that would be different elsewhere, such as the path's MTU, which the kernel heeds from then on.
    init?(_ error: Errno) {
        switch error.rawValue {
        case ECONNREFUSED: (failure, problem) = (.refused, .portUnreachable)
        case EHOSTUNREACH, ENETUNREACH, EACCES, ENOPROTOOPT: (failure, problem) = (.unreachable, .hostUnreachable)
        default: return nil
        }
    }

    /// This process or host is short of what a socket needs; ports among it (EAGAIN of connect(2)).
    static func isShortage(_ error: Errno) -> Bool {
        [EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN, ENOSPC].contains(error.rawValue)
    }
}
