internal import NIOCore

/// One query's socket: hands up what its upstream sent, and drops what came before it was connected.
final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let upstream: SocketAddress
    private let handle: (UpstreamSockets.Event) -> Void

    init(upstream: SocketAddress, handle: @escaping (UpstreamSockets.Event) -> Void) {
        self.upstream = upstream
        self.handle = handle
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard envelope.remoteAddress == upstream else { return }
        handle(.received(Array(envelope.data.readableBytesView)))
    }

    /// The upstream's host says that nobody listens, or no route leads there.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { handle(.failed) }
}
