import NIOCore
import NIOPosix
import Synchronization

/// An HTTP proxy on the loopback that knows CONNECT alone (RFC 9110, 9.3.6).
final class ConnectProxy: Sendable {
    private let channel: any Channel
    private let log: RequestLog

    static func run<Result: Sendable>(_ body: @Sendable (ConnectProxy) async throws -> Result) async throws -> Result {
        let log = RequestLog()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ProxyHandler(log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let result = try await body(ConnectProxy(channel: channel, log: log))
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    private init(channel: any Channel, log: RequestLog) {
        self.channel = channel
        self.log = log
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    /// The heads of all requests.
    var heads: [String] { log.heads.withLock { $0 } }
}

private final class RequestLog: Sendable {
    let heads = Mutex<[String]>([])
}

/// Reads a CONNECT, then passes bytes on.
private final class ProxyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let log: RequestLog
    private var head = ByteBuffer()
    private var isAsked = false
    private var other: (any Channel)?

    init(_ log: RequestLog) { self.log = log }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if let other { return other.writeAndFlush(buffer, promise: nil) }
        head.writeBuffer(&buffer)
        let text = String(buffer: head)
        guard !isAsked, text.hasSuffix("\r\n\r\n") else { return }
        isAsked = true
        log.heads.withLock { $0.append(text) }
        let target = text.split(separator: " ")[1].split(separator: ":")
        guard text.hasPrefix("CONNECT "), target.count == 2, let port = Int(target[1]) else {
            return context.close(promise: nil)
        }
        let (client, loop) = (context.channel, context.eventLoop)
        let handler = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(PassingHandler(client))
                }
            }
            // Names are those of the loopback, whatever they are: nothing leaves the machine.
            .connect(host: "127.0.0.1", port: port)
            .hop(to: loop)
            .whenComplete { result in
                guard case .success(let channel) = result else { return client.close(promise: nil) }
                handler.value.other = channel
                client.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 Connection established\r\n\r\n"), promise: nil)
            }
    }

    func channelInactive(context: ChannelHandlerContext) { other?.close(promise: nil) }
}

private final class PassingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let client: any Channel

    init(_ client: any Channel) { self.client = client }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        client.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { client.close(promise: nil) }
}
