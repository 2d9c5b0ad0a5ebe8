internal import LinuxSystem
internal import NetworkTypes

/// One client's connection with the one to its backend.
final class TCPConnection {
    enum Phase {
        /// No backend has answered yet. Nothing of the client was read.
        case connecting
        case established
    }

    /// In the table, and in the tokens of both sockets.
    let key: TCPToken
    let client: Socket
    let request: RelayRequest
    let route: TCPRoute
    let began: ContinuousClock.Instant
    /// The attempt that goes on, or the one that succeeded.
    var backend: Socket
    var target: RelayBackend
    var attemptBegan: ContinuousClock.Instant
    /// Backends that failed before.
    var tried: [RelayBackend]
    /// Times that are over without an answer.
    var expirations = 0
    var phase = Phase.connecting
    /// When the attempt, or the drain, is over; entries of the heap for another time are void.
    var deadline: ContinuousClock.Instant?
    /// When a byte last moved.
    var lastMove: ContinuousClock.Instant
    var isDraining = false
    /// It is in the table; false: its events mean nothing any more.
    var isOpen = true
    var hasKeepAlive = false
    /// The client's socket reports that it became writable; it does from the first time on that it was not.
    var watchesClientWritable = false
    /// From the client to the backend.
    var up = TCPDirection()
    /// From the backend to the client.
    var down = TCPDirection()

    init(
        _ key: TCPToken, _ client: consuming Socket, _ request: RelayRequest, _ route: TCPRoute,
        _ attempt: consuming TCPAttempt, tried: [RelayBackend], now: ContinuousClock.Instant
    ) {
        self.key = key
        self.client = client
        self.request = request
        self.route = route
        self.tried = tried
        target = attempt.target
        backend = attempt.socket
        began = now
        attemptBegan = now
        lastMove = now
    }

    func record(_ now: ContinuousClock.Instant) -> RelayConnectionRecord {
        let state: RelayConnectionRecord.State =
            switch phase {
            case .connecting: .connecting
            case .established where isDraining: .draining
            case .established: up.hasEnded || down.hasEnded ? .halfClosed : .established
            }
        return RelayConnectionRecord(
            .tcp, service: route.service.name, client: request.client, frontend: request.destination,
            backend: target.address, state: state, age: began.duration(to: now), idle: lastMove.duration(to: now))
    }
}

/// What the directory and the service said of a connection when it came.
struct TCPRoute {
    let service: RelayService
    let scope: RelayService.Scope
    let options: RelayService.Options
}

/// A socket that connects to a backend, which is held.
struct TCPAttempt: ~Copyable {
    let socket: Socket
    let target: RelayBackend
}
