internal import NIOCore
internal import NetworkTypes
internal import Synchronization

/// The server's connections, over all event loops.
final class TCPConnections: Sendable {
    typealias Table = TCPConnectionTable<any Channel>

    let limits: TCPLimits
    let counting = TCPCounting()
    private let state: Mutex<State>

    private struct State: Sendable {
        var table: Table
        /// Also those that have lost their place and are being closed.
        var open = 0
        var isStopping = false
        /// Told when the last one is gone.
        var waiting: [EventLoopPromise<Void>] = []
    }

    init(limits: TCPLimits) {
        self.limits = limits
        state = Mutex(State(table: Table(limit: limits.connections, limitPerClient: limits.connectionsPerClient)))
    }

    var counters: TCPCounters { counting.counters(open: state.withLock { $0.open }) }

    /// A place for a new connection; nil: refused.
    func admit(_ channel: any Channel, from client: IPAddress) -> (token: Table.Token, isStopping: Bool)? {
        let (admission, isStopping) = state.withLock { state in
            let admission = state.table.admit(channel, from: client)
            if case .admitted = admission { state.open += 1 }
            return (admission, state.isStopping)
        }
        guard case .admitted(let token, let evicted) = admission else {
            counting.countRefused()
            return nil
        }
        counting.countAccepted()
        evicted?.pipeline.fireUserInboundEventTriggered(TCPConnectionEvent.evicted)
        return (token, isStopping)
    }

    /// False: the connection has lost its place.
    func touch(_ token: Table.Token, isIdle: Bool) -> Bool {
        state.withLock { $0.table.touch(token, isIdle: isIdle) }
    }

    func closed(_ token: Table.Token, _ reason: TCPCloseReason) {
        counting.count(reason)
        let finished = state.withLock { state -> [EventLoopPromise<Void>] in
            state.table.remove(token)
            state.open -= 1
            guard state.open == 0 else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for promise in finished { promise.succeed() }
    }

    /// Every connection, old or new, is told to end once it is quiet.
    func stop() {
        let channels = state.withLock { state in
            state.isStopping = true
            return state.table.connections
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(TCPConnectionEvent.stop) }
    }

    func abort() {
        for channel in state.withLock({ $0.table.connections }) {
            channel.pipeline.fireUserInboundEventTriggered(TCPConnectionEvent.abort)
        }
    }

    /// Succeeds when no connection is left.
    func whenEmpty(_ promise: EventLoopPromise<Void>) {
        let isEmpty = state.withLock { state in
            if state.open > 0 { state.waiting.append(promise) }
            return state.open == 0
        }
        if isEmpty { promise.succeed() }
    }
}

/// What a connection is told by others.
enum TCPConnectionEvent: Sendable {
    /// It has lost its place.
    case evicted
    case stop
    /// The time to stop is over.
    case abort
}
