internal import Logging
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// Which connections requests may share: those that were opened since the last one that led nowhere.
///
/// Over HTTP/2 all requests go over one connection, and the pool goes on using it after one of them timed out. Where the
/// server hangs, or a load balancer keeps the connection to a backend that is gone, each would follow there. What has
/// begun stays where it is; a connection nothing goes over any more is closed by the pool.
final class ConnectionGeneration: Sendable {
    private struct State {
        var number: Int64 = 0
        var begin = NIODeadline.now()
    }

    /// How long a request waits before its end, if somebody else ends it, tells anything about its connection.
    ///
    /// Whoever renews a lease gives up before the request's own limit, and begins again on the same connection.
    static let patience = Duration.seconds(5)

    /// Generations until the pool's place of the first is taken again: the pool forgets a place no sooner than its
    /// client ends.
    ///
    /// At the rate of ``patience`` they last for 160 s, and a connection that nothing goes over for 60. One that is
    /// still there then, and leads nowhere still, costs one request more.
    static let limit: Int64 = 32

    private let state = Mutex(State())

    var number: Int64 { state.withLock { $0.number } }

    /// Ends the generation in which nothing came since a point of time.
    ///
    /// - Returns: whether it was ended now: not if it began later, because another request was first to notice.
    func end(silentSince begin: NIODeadline) -> Bool {
        state.withLock { state in
            guard state.begin <= begin else { return false }
            state.number += 1
            state.begin = .now()
            return true
        }
    }

    /// The configuration of this generation's connections.
    ///
    /// The pool shares connections among requests of equal configurations; some nanoseconds more for the farewell of a
    /// connection that is closed anyway make these unequal and change nothing else.
    func configuration(_ configuration: TLSConfiguration) -> TLSConfiguration {
        var configuration = configuration
        configuration.shutdownTimeout = .seconds(5) + .nanoseconds(number % Self.limit)
        return configuration
    }
}

extension APIClient {
    /// Leaves the connections of a client for new ones where a wait came to nothing.
    ///
    /// - Parameters:
    ///   - begin: of the wait.
    ///   - error: what ended it; nil: whoever waited.
    func doubt(isWatch: Bool, since begin: NIODeadline, until now: NIODeadline = .now(), _ error: (any Error)? = nil) {
        let patience = TimeAmount(min(ConnectionGeneration.patience, options.requestTimeout / 2))
        let hasTimedOut = (error as? ConnectionError)?.code == .timedOut
        guard hasTimedOut || now - begin >= patience else { return }
        guard (isWatch ? watchGeneration : requestGeneration).end(silentSince: begin) else { return }
        counts.withLock { $0.connectionsLeft += 1 }
        logger.debug("\(connection.server): nothing came: \(isWatch ? "watches" : "requests") take a new connection from now on")
    }
}
