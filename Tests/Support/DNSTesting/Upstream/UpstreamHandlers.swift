internal import DNSWire
internal import NIOCore

/// Answers datagrams.
final class UpstreamDatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let log: UpstreamLog
    /// A socket at another port.
    private let elsewhere: (any Channel)?

    init(log: UpstreamLog, elsewhere: (any Channel)?) {
        self.log = log
        self.elsewhere = elsewhere
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard elsewhere != nil else { return }
        let client = envelope.remoteAddress
        let replies = log.replies(
            to: Array(envelope.data.readableBytesView), transport: .udp, sourcePort: client.port ?? 0, connection: 0)
        Self.run(replies[...], to: client, on: context.channel, elsewhere: elsewhere)
    }

    private static func run(
        _ replies: ArraySlice<UpstreamReply>, to client: SocketAddress, on channel: any Channel,
        elsewhere: (any Channel)?
    ) {
        for (index, reply) in zip(replies.indices, replies) {
            switch reply {
            case .message(let message): send(message.encoded(), to: client, on: channel)
            case .bytes(let bytes): send(bytes, to: client, on: channel)
            case .fromElsewhere(let message): elsewhere.map { send(message.encoded(), to: client, on: $0) }
            case .hangUp: break
            case .pause(let time):
                let rest = replies[(index + 1)...]
                channel.eventLoop.scheduleTask(in: TimeAmount(time)) {
                    run(rest, to: client, on: channel, elsewhere: elsewhere)
                }
                return
            }
        }
    }

    private static func send(_ bytes: [UInt8], to client: SocketAddress, on channel: any Channel) {
        let envelope = AddressedEnvelope(remoteAddress: client, data: ByteBuffer(bytes: bytes))
        channel.writeAndFlush(envelope, promise: nil)
    }
}

/// Answers messages on a connection.
final class UpstreamStreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let log: UpstreamLog
    private let transport: UpstreamQuery.Transport
    private var connection = 0

    init(log: UpstreamLog, transport: UpstreamQuery.Transport) {
        self.log = log
        self.transport = transport
    }

    func channelActive(context: ChannelHandlerContext) {
        connection = log.connectionCount
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(unwrapInboundIn(data).readableBytesView)
        let replies = log.replies(
            to: bytes, transport: transport, sourcePort: context.remoteAddress?.port ?? 0, connection: connection)
        Self.run(replies[...], on: context.channel)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private static func run(_ replies: ArraySlice<UpstreamReply>, on channel: any Channel) {
        for (index, reply) in zip(replies.indices, replies) {
            switch reply {
            case .message(let message), .fromElsewhere(let message): send(message.encoded(), on: channel)
            case .bytes(let bytes): send(bytes, on: channel)
            case .hangUp: channel.close(promise: nil)
            case .pause(let time):
                let rest = replies[(index + 1)...]
                channel.eventLoop.scheduleTask(in: TimeAmount(time)) { run(rest, on: channel) }
                return
            }
        }
    }

    private static func send(_ bytes: [UInt8], on channel: any Channel) {
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt16(truncatingIfNeeded: bytes.count))
        buffer.writeBytes(bytes)
        channel.writeAndFlush(buffer, promise: nil)
    }
}

/// Two bytes of length, then a message.
struct UpstreamFraming: NIOSingleStepByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    mutating func decode(buffer: inout ByteBuffer) -> ByteBuffer? { buffer.readLengthPrefixedSlice(as: UInt16.self) }
    mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) -> ByteBuffer? { decode(buffer: &buffer) }
}
