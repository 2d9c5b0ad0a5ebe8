internal import NIOCore

extension TCPConnectionHandler {
    /// Takes every whole query that may be taken, and writes the answers together.
    func takeQueries() {
        guard worker.taker == nil else { return }
        worker.taker = ObjectIdentifier(self)
        defer { worker.taker = nil }
        let now = NIODeadline.now()
        var (taken, ignored) = (0, 0)
        worker.beginBatch()
        loop: while true {
            guard state.mayTakeQuery(pendingBytes: worker.output.readableBytes) else {
                // What is written may be taken by the kernel at once, and then there is room again.
                flush(now: now)
                if state.mayTakeQuery() { continue }
                break
            }
            switch reader.next() {
            case .incomplete: break loop
            case .oversized:
                state.endWhenQuiet(.oversized)
                reader.discard()
            case .frame(let message):
                // Busy before the first query is taken: from then on it cannot lose its place.
                guard taken > 0 || touch(isIdle: false) else { break loop }
                taken += 1
                if !answer(message, now: now) { ignored += 1 }
                if worker.output.readableBytes >= TCPWorker.writeBytes { flush(now: now) }
            }
        }
        // Before the answers go: who has one finds it counted.
        connections.counting.count(queries: taken, ignored: ignored)
        flush(now: now)
        reader.settle()
    }

    /// False: the message is ignored. It is not a query, and it does not keep the connection alive.
    private func answer(_ message: ByteBuffer, now: NIODeadline) -> Bool {
        switch worker.answer(message, client: client) {
        case .ignored: return false
        case .answered: state.took(now: now)
        case .forward(let request):
            guard let forwarder = worker.forwarder, let context else { return false }
            state.took(now: now)
            state.forwarded()
            forwarder.forward(request, reply: TCPReplyPath(self, on: context.eventLoop))
        }
        return true
    }

    /// The answer to a forwarded query, in whatever order they come. While this connection's queries are being taken
    /// it is written with their answers.
    ///
    /// - Precondition: no other connection's queries are being taken.
    func deliver(_ message: [UInt8]) {
        guard context != nil else { return }
        let now = NIODeadline.now()
        state.answered(now: now)
        worker.add(message)
        guard worker.taker == nil else { return }
        worker.taker = ObjectIdentifier(self)
        flush(now: now)
        worker.taker = nil
        resume()
    }

    /// - Precondition: this connection is the worker's taker, so that what the kernel takes at once is not resumed from
    ///   within.
    private func flush(now: NIODeadline) {
        let count = worker.output.readableBytes
        guard count > 0 else { return }
        defer { worker.clearOutput() }
        guard let context else { return }
        state.queued(count, now: now)
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenSuccess { [self] in
            state.sent(count, now: .now())
            if worker.taker == nil { resume() }
        }
        context.writeAndFlush(Self.wrapOutboundOut(worker.output), promise: sent)
    }

    /// There may be room for queries that had to wait.
    private func resume() {
        if reader.waitingBytes > 0 { takeQueries() }
        settle()
    }
}

/// The way back to a connection; answers to one that is gone are dropped.
private struct TCPReplyPath: ReplyPath {
    private let handler: NIOLoopBound<TCPConnectionHandler>
    private let eventLoop: any EventLoop

    init(_ handler: TCPConnectionHandler, on eventLoop: any EventLoop) {
        self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
        self.eventLoop = eventLoop
    }

    func send(_ message: [UInt8]) {
        if eventLoop.inEventLoop, handler.value.mayDeliver {
            handler.value.deliver(message)
        } else {
            eventLoop.execute { handler.value.deliver(message) }
        }
    }
}

extension TCPConnectionHandler {
    /// Asking for one query may answer another connection's: that has to wait for the worker's room.
    fileprivate var mayDeliver: Bool { worker.taker == nil || worker.taker == ObjectIdentifier(self) }
}
