internal import DNSWire
internal import Glibc
internal import NIOCore
internal import NIOPosix

extension UpstreamSockets {
    /// A socket of its own, at a port of its own: what a forger has to guess anew for each query.
    func sendDatagram(_ attempt: Attempt, portsLeft: Int) {
        let endpoint = endpoints[attempt.upstream]
        guard let address = endpoint.socketAddress else { return }
        let port = portsLeft > 0 ? UInt16.random(in: Self.sourcePorts, using: &state.value.random) : 0
        let handlers = NIOLoopBound(
            { [weak self] (event: Event) in
                self?.report(event, to: attempt.id)
                return ()
            }, eventLoop: loop)
        opening()
        // A bootstrap that cannot bind leaves its channel, and the descriptor, to whoever made it.
        let made = NIOLoopBoundBox<(any Channel)?>(nil, eventLoop: loop)
        DatagramBootstrap(group: loop)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.datagramByteLimit))
            .channelInitializer { channel in
                made.value = channel
                return channel.eventLoop.makeCompletedFuture {
                    let handler = DatagramHandler(upstream: address, handle: handlers.value)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(host: endpoint.anyAddress, port: Int(port))
            .whenComplete { result in
                switch result {
                case .success(let channel): self.bound(channel, attempt, address)
                case .failure(let error):
                    made.value?.close(promise: nil)
                    let isTaken = [EADDRINUSE, EACCES].contains((error as? IOError)?.errnoCode)
                    self.notBound(attempt, portsLeft: isTaken ? portsLeft : 0)
                }
            }
    }

    private func bound(_ channel: any Channel, _ attempt: Attempt, _ address: SocketAddress) {
        channel.closeFuture.whenComplete { _ in self.closed() }
        guard state.value.handlers[attempt.id] != nil else {
            channel.close(promise: nil)
            return
        }
        state.value.channels[attempt.id] = channel
        channel.connect(to: address)
            .flatMap { channel.writeAndFlush(channel.allocator.buffer(bytes: attempt.query.bytes)) }
            .whenFailure { _ in self.report(.failed, to: attempt.id) }
    }

    private func notBound(_ attempt: Attempt, portsLeft: Int) {
        closed()
        guard state.value.handlers[attempt.id] != nil else { return }
        if portsLeft > 0 {
            sendDatagram(attempt, portsLeft: portsLeft - 1)
        } else {
            report(.failed, to: attempt.id)
        }
    }
}
