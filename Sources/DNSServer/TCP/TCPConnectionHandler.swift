internal import NIOCore
internal import NetworkTypes

/// One connection: runs what `TCPConnectionState` decides.
///
/// Reading is asked for, never automatic: a client that does not take its answers is not read either.
final class TCPConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let connections: TCPConnections
    let worker: TCPWorker
    let client: IPAddress
    var state: TCPConnectionState
    var reader: FrameReader
    /// Nil before it was admitted and after it is gone.
    private(set) var context: ChannelHandlerContext?
    private var token: TCPConnections.Table.Token?
    private var closeReason: TCPCloseReason?
    private var timer: (deadline: NIODeadline, task: Scheduled<Void>)?
    /// In the table's order of idle ones.
    private var isIdle = true
    private var isPaused = false
    init(connections: TCPConnections, worker: TCPWorker, client: IPAddress) {
        self.connections = connections
        self.worker = worker
        self.client = client
        state = TCPConnectionState(limits: connections.limits, now: .now())
        reader = FrameReader(limit: connections.limits.queryBytes)
    }

    func channelActive(context: ChannelHandlerContext) {
        guard let (token, isStopping) = connections.admit(context.channel, from: client) else {
            context.close(promise: nil)
            return
        }
        self.token = token
        self.context = context
        if isStopping { state.stop(now: .now()) }
        settle()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.context != nil else { return }
        if state.isFinishing == nil, state.endsWhenQuiet == nil {
            reader.append(Self.unwrapInboundIn(data))
            takeQueries()
        }
        settle()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard self.context != nil else { return }
        switch event {
        case ChannelEvent.inputClosed: state.endInput()
        case TCPConnectionEvent.evicted: return close(.evicted)
        case TCPConnectionEvent.abort: return close(.stopped)
        case TCPConnectionEvent.stop: state.stop(now: .now())
        default: return context.fireUserInboundEventTriggered(event)
        }
        settle()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close(.reset) }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.task.cancel()
        timer = nil
        self.context = nil
        reader.discard()
        guard let token else { return }
        self.token = nil
        connections.closed(token, closeReason ?? state.isFinishing ?? .reset)
    }
}

/// After an event.
extension TCPConnectionHandler {
    /// Does what follows from the state.
    func settle() {
        guard let context else { return }
        perform(state.settled())
        guard self.context != nil, touch(isIdle: state.isQuiet) else { return }
        armTimer(context)
        if state.wantsRead {
            isPaused = false
            context.read()
        } else if !isPaused, !state.inputEnded {
            isPaused = true
            connections.counting.countPaused()
        }
    }

    private func perform(_ step: TCPConnectionState.Step) {
        switch step {
        case .stay: return
        case .close(let reason): close(reason)
        case .finish(let reason):
            state.finish(reason, now: .now())
            reader.discard()
            context?.close(mode: .output, promise: nil)
        }
    }

    func close(_ reason: TCPCloseReason) {
        guard let context, closeReason == nil else { return }
        closeReason = reason
        context.close(promise: nil)
    }

    /// Tells the table; false: the place is lost, and the connection is closed.
    func touch(isIdle: Bool) -> Bool {
        guard let token else { return false }
        if isIdle, self.isIdle { return true }
        self.isIdle = isIdle
        if connections.touch(token, isIdle: isIdle) { return true }
        close(.evicted)
        return false
    }

    /// One timer, that is set anew only when something falls due earlier: not once a query.
    private func armTimer(_ context: ChannelHandlerContext) {
        guard let deadline = state.deadline else { return }
        if let timer {
            guard deadline < timer.deadline else { return }
            timer.task.cancel()
        }
        let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
            timer = nil
            perform(state.expired(now: .now()))
            settle()
        }
        timer = (deadline, task)
    }
}
