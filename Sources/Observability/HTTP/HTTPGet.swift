import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

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
        let silence = Silence()
        do {
            return try await exchange(target, silence)
        } catch {
            // Closing the connection may first be seen by a write, which only knows that it is closed.
            throw silence.tooLong.load(ordering: .acquiring) ? Failure.timedOut : error
        }
    }

    private func exchange(_ target: String, _ silence: Silence) async throws -> Reply {
        let timeout = readTimeout
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(readTimeout: timeout))
                    try pipeline.addHandler(IdleFailure(silence))
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

/// Whether a connection was closed because nothing came over it.
private final class Silence: Sendable {
    let tooLong = Atomic(false)
}

/// Closes a silent connection: `IdleStateHandler` alone only reports it.
private final class IdleFailure: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let silence: Silence

    init(_ silence: Silence) {
        self.silence = silence
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        silence.tooLong.store(true, ordering: .releasing)
        context.close(promise: nil)
    }
}
