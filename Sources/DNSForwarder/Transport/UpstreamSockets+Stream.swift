internal import DNSWire
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

extension UpstreamSockets {
    /// TCP after a datagram that did not do: a connection for this query alone.
    func sendOverOwnStream(_ attempt: Attempt) {
        report(.usedConnection(wasThere: false), to: attempt.id)
        let received = NIOLoopBound(
            { (buffer: ByteBuffer) in self.report(.received(Array(buffer.readableBytesView)), to: attempt.id) },
            eventLoop: loop)
        let ended = NIOLoopBound({ self.report(.failed, to: attempt.id) }, eventLoop: loop)
        connect(to: attempt.upstream, received: received, ended: ended).whenComplete { result in
            switch result {
            case .failure:
                self.report(.failed, to: attempt.id)
            case .success(let channel):
                guard self.state.value.handlers[attempt.id] != nil else {
                    channel.close(promise: nil)
                    return
                }
                self.state.value.channels[attempt.id] = channel
                channel.writeAndFlush(Self.framed(attempt.query.bytes, channel), promise: nil)
            }
        }
    }

    /// DNS over TLS: all queries to an upstream share a connection, without waiting for each other (RFC 7858 section 3.3).
    ///
    /// - Parameter mayRepeat: a connection that was there may be closing at the other end; then a new one is made, once.
    func sendOverSharedStream(_ attempt: Attempt, mayRepeat: Bool) {
        let connection: StreamConnection
        if let known = state.value.connections[attempt.upstream], known.canTake {
            connection = known
            report(.usedConnection(wasThere: true), to: attempt.id)
        } else if state.value.streams.count >= limits.tlsConnections {
            return loop.execute { self.report(.failed, to: attempt.id) }
        } else {
            connection = StreamConnection(upstream: attempt.upstream, sockets: self)
            use(connection, for: attempt.upstream)
            connection.open()
            report(.usedConnection(wasThere: false), to: attempt.id)
        }
        connection.send(attempt, mayRepeat: mayRepeat)
    }

    /// A connection, its TLS handshake under way where there is one.
    func connect(
        to upstream: Int, received: NIOLoopBound<(ByteBuffer) -> Void>, ended: NIOLoopBound<() -> Void>
    ) -> EventLoopFuture<any Channel> {
        let endpoint = endpoints[upstream]
        guard let address = endpoint.socketAddress else { return loop.makeFailedFuture(ChannelError.unknownLocalAddress) }
        opening()
        let connected = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(limits.totalTime))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls = endpoint.tls {
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: endpoint.serverName))
                    }
                    try pipeline.addHandler(ByteToMessageHandler(MessageFramingDecoder()))
                    try pipeline.addHandler(StreamHandler(received: received.value, ended: ended.value))
                }
            }
            .connect(to: address)
        connected.whenComplete { result in
            switch result {
            case .failure: self.closed()
            case .success(let channel): channel.closeFuture.whenComplete { _ in self.closed() }
            }
        }
        return connected
    }

    static func framed(_ message: [UInt8], _ channel: any Channel) -> ByteBuffer {
        var buffer = channel.allocator.buffer(capacity: message.count + 2)
        buffer.writeInteger(UInt16(truncatingIfNeeded: message.count))
        buffer.writeBytes(message)
        return buffer
    }
}
