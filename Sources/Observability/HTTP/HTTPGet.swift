import NIOCore
import NIOHTTP1
import NIOPosix

/// One HTTP/1.1 GET on a connection of its own.
struct HTTPGet: Sendable {
    struct Reply: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]
    }

    enum Failure: Error {
        /// More came than `maximumBodyBytes`.
        case tooLarge
        /// The connection ended before the answer did.
        case incomplete
        /// Nothing came for `readTimeout`.
        case timedOut
    }

    let address: SocketAddress
    let readTimeout: TimeAmount
    let maximumBodyBytes: Int

    /// - Throws: `Failure`, or NIO's error when the connection is refused or breaks.
    func callAsFunction(_ target: String) async throws -> Reply {
        let timeout = readTimeout
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(readTimeout: timeout))
                    try pipeline.addHandler(IdleFailure())
                    try pipeline.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let headers: HTTPHeaders = ["Host": "localhost", "Connection": "close"]
            let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: headers)
            try await outbound.write(contentsOf: [.head(head), .end(nil)])
            return try await collect(inbound)
        }
    }

    private func collect(_ parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>) async throws -> Reply {
        var reply = Reply(status: 0, headers: [:], body: [])
        for try await part in parts {
            switch part {
            case .head(let head):
                reply.status = Int(head.status.code)
                reply.headers = head.headers
                if let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }) {
                    guard length <= maximumBodyBytes else { throw Failure.tooLarge }
                    reply.body.reserveCapacity(length)
                }
            case .body(let piece):
                guard reply.body.count + piece.readableBytes <= maximumBodyBytes else { throw Failure.tooLarge }
                reply.body.append(contentsOf: piece.readableBytesView)
            case .end:
                return reply
            }
        }
        throw Failure.incomplete
    }
}

/// Turns silence into an error: `IdleStateHandler` alone only reports it.
private final class IdleFailure: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        context.fireErrorCaught(HTTPGet.Failure.timedOut)
        context.close(promise: nil)
    }
}
