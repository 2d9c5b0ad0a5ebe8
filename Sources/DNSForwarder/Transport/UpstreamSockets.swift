internal import DNSWire
internal import NIOCore
internal import NIOPosix

/// The sockets of a forwarder, on one event loop: a datagram socket and a TCP connection for each query that needs one,
/// TLS connections that queries share.
final class UpstreamSockets: Sendable {
    /// What becomes of a query.
    enum Event {
        case received([UInt8])
        case failed
        /// A stream carries it, one that was there or a new one.
        case usedConnection(wasThere: Bool)
    }

    typealias Handler = (Event) -> Void

    struct State {
        /// What is under way; one that is gone gets no event.
        var handlers: [AttemptID: Handler] = [:]
        var channels: [AttemptID: any Channel] = [:]
        /// The TLS connection in use, for each upstream.
        var connections: [Int: StreamConnection] = [:]
        var openChannels = 0
        var whenClosed: [EventLoopPromise<Void>] = []
        var isClosed = false
        var random: any RandomNumberGenerator & Sendable
    }

    let endpoints: [UpstreamEndpoint]
    let limits: ForwarderLimits
    let loop: any EventLoop
    let state: NIOLoopBoundBox<State>

    /// Source ports are drawn from all that need no privilege (RFC 5452 section 9.2).
    static let sourcePorts: ClosedRange<UInt16> = 1024...65535
    /// Ports tried when they are taken; after that the kernel chooses.
    static let portAttempts = 8
    /// Bytes read of a datagram at most: more than was offered to take, so that what is too large is seen as such.
    static let datagramByteLimit = 4096

    /// - Throws: `ForwarderError`.
    init(
        _ upstreams: [UpstreamAddress], configuration: ForwarderConfiguration, loop: any EventLoop,
        random: any RandomNumberGenerator & Sendable
    ) throws {
        endpoints = try upstreams.map { try UpstreamEndpoint($0, configuration: configuration) }
        limits = configuration.limits
        self.loop = loop
        state = .makeBoxSendingValue(State(random: random), eventLoop: loop)
    }

    /// Sends a query; events come on the loop, never from within this call.
    func send(_ attempt: Attempt, handler: @escaping Handler) {
        state.value.handlers[attempt.id] = handler
        guard endpoints[attempt.upstream].socketAddress != nil, !state.value.isClosed else {
            loop.execute { self.report(.failed, to: attempt.id) }
            return
        }
        switch attempt.transport {
        case .udp: sendDatagram(attempt, portsLeft: Self.portAttempts)
        case .tcp: sendOverOwnStream(attempt)
        case .tls: sendOverSharedStream(attempt, mayRepeat: true)
        }
    }

    /// Forgets a query and closes what is its own.
    func cancel(_ attempt: AttemptID) {
        state.value.handlers[attempt] = nil
        state.value.channels.removeValue(forKey: attempt)?.close(promise: nil)
    }

    /// Closes everything.
    func close() -> EventLoopFuture<Void> {
        state.value.isClosed = true
        for attempt in Array(state.value.channels.keys) { cancel(attempt) }
        for connection in Array(state.value.connections.values) { connection.close() }
        let promise = loop.makePromise(of: Void.self)
        state.value.whenClosed.append(promise)
        settle()
        return promise.futureResult
    }

    func report(_ event: Event, to attempt: AttemptID) { state.value.handlers[attempt]?(event) }

    /// Counts a channel that is being made, until it is closed.
    func opening() { state.value.openChannels += 1 }

    func closed() {
        state.value.openChannels -= 1
        settle()
    }

    private func settle() {
        guard state.value.openChannels == 0 else { return }
        let waiting = state.value.whenClosed
        state.value.whenClosed = []
        for promise in waiting { promise.succeed(()) }
    }
}
