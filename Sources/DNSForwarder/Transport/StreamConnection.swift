internal import DNSWire
internal import NIOCore

/// A connection to a TLS upstream that queries share. On the loop of its sockets only.
final class StreamConnection {
    private struct Pending {
        let attempt: Attempt
        let mayRepeat: Bool
    }

    private let upstream: Int
    private unowned let sockets: UpstreamSockets
    private var channel: (any Channel)?
    private var pending: [UInt16: Pending] = [:]
    /// Sent when the connection stands.
    private var waiting: [[UInt8]] = []
    private var idleTimer: Scheduled<Void>?
    private var isClosing = false
    private var hasServed = false

    init(upstream: Int, sockets: UpstreamSockets) {
        self.upstream = upstream
        self.sockets = sockets
    }

    var canTake: Bool { !isClosing && pending.count < sockets.limits.queriesPerConnection }

    func open() {
        let received = NIOLoopBound({ (buffer: ByteBuffer) in self.received(buffer) }, eventLoop: sockets.loop)
        let ended = NIOLoopBound({ self.ended() }, eventLoop: sockets.loop)
        let this = NIOLoopBound(self, eventLoop: sockets.loop)
        sockets.connect(to: upstream, received: received, ended: ended).whenComplete { result in
            switch result {
            case .failure: this.value.ended()
            case .success(let channel): this.value.connected(channel)
            }
        }
    }

    func send(_ attempt: Attempt, mayRepeat: Bool) {
        idleTimer?.cancel()
        let id = freeID(attempt.query.id)
        pending[id] = Pending(attempt: attempt, mayRepeat: mayRepeat && hasServed)
        let bytes = QueryImage(attempt.query, id: id).bytes
        if let channel {
            channel.writeAndFlush(UpstreamSockets.framed(bytes, channel), promise: nil)
        } else {
            waiting.append(bytes)
        }
    }

    func close() {
        isClosing = true
        idleTimer?.cancel()
        channel?.close(promise: nil)
    }

    /// Far fewer ids are in use than there are.
    private func freeID(_ wanted: UInt16) -> UInt16 {
        var id = wanted
        while pending[id] != nil { id &+= 1 }
        return id
    }

    private func connected(_ channel: any Channel) {
        self.channel = channel
        guard !isClosing else {
            channel.close(promise: nil)
            return
        }
        for bytes in waiting { channel.write(UpstreamSockets.framed(bytes, channel), promise: nil) }
        waiting = []
        channel.flush()
    }

    private func received(_ buffer: ByteBuffer) {
        var bytes = Array(buffer.readableBytesView)
        guard bytes.count >= 2, let query = pending.removeValue(forKey: UInt16(bytes[0]) << 8 | UInt16(bytes[1])) else {
            return
        }
        hasServed = true
        // Back to the id that the query was made with.
        bytes[0] = query.attempt.query.bytes[0]
        bytes[1] = query.attempt.query.bytes[1]
        restartIdleTimer()
        sockets.report(.received(bytes), to: query.attempt.id)
    }

    private func restartIdleTimer() {
        idleTimer?.cancel()
        let this = NIOLoopBound(self, eventLoop: sockets.loop)
        idleTimer = sockets.loop.scheduleTask(in: TimeAmount(sockets.limits.connectionIdleTime)) { this.value.close() }
    }

    /// Failed, refused or closed by the other end: what it carried is sent once more where that may help.
    private func ended() {
        isClosing = true
        idleTimer?.cancel()
        if sockets.state.value.connections[upstream] === self { sockets.state.value.connections[upstream] = nil }
        let orphans = pending.values
        pending = [:]
        for orphan in orphans where sockets.state.value.handlers[orphan.attempt.id] != nil {
            if orphan.mayRepeat {
                sockets.sendOverSharedStream(orphan.attempt, mayRepeat: false)
            } else {
                sockets.report(.failed, to: orphan.attempt.id)
            }
        }
    }
}
