import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization

/// What a client sent.
struct ReceivedRequest: Sendable {
    var method: String
    /// Path and query as they came.
    var target: String
    var headers: HTTPHeaders
    var body: [UInt8]
    var clientCertificate: NIOSSLCertificate?
    /// Counts connections from 1.
    var connection: Int

    var path: String { String(target.prefix { $0 != "?" }) }
    var query: Set<String> { Set(target.drop { $0 != "?" }.dropFirst().split(separator: "&").map(String.init)) }
}

/// What is answered.
struct ScriptedAnswer: Sendable {
    enum End: Sendable {
        case complete, abort, stall
        /// Whole, and the connection is closed after it.
        case farewell
        /// Not even a status.
        case silence
    }


    var status = 200
    var headers: [(String, String)] = [("Content-Type", "application/json")]
    var chunks: [[UInt8]] = []
    var end = End.complete
    /// Is given the way to say more later; the answer's end is its business then.
    var more: (@Sendable (AnswerStream) -> Void)?

    static func json(_ text: String, status: Int = 200, _ headers: [(String, String)] = []) -> ScriptedAnswer {
        ScriptedAnswer(
            status: status, headers: [("Content-Type", "application/json")] + headers, chunks: [Array(text.utf8)])
    }

    static func refusal(_ code: Int, _ reason: String, _ headers: [(String, String)] = []) -> ScriptedAnswer {
        json(
            #"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"\#(reason)","message":"no","code":\#(code)}"#,
            status: code, headers)
    }
}

/// Says more of an answer that has begun.
struct AnswerStream: Sendable {
    let channel: any Channel

    func write(_ text: String) { channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: text))), promise: nil) }
    func finish() { channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil) }
    func abort() { channel.close(promise: nil) }
}

/// An HTTP/1.1 server on the loopback that answers as a test says; HTTP/2 where its TLS agrees on that.
final class ScriptedServer: Sendable {
    typealias Script = @Sendable (ReceivedRequest) -> ScriptedAnswer

    private let channel: any Channel
    private let received: Mutex<[ReceivedRequest]> = Mutex([])
    private let connections = Mutex([ObjectIdentifier: Int]())
    private let script: Script

    private init(channel: any Channel, script: @escaping Script) {
        self.channel = channel
        self.script = script
    }

    static func run<Result: Sendable>(
        tls: ServerTLS? = nil, _ script: @escaping Script,
        _ body: @Sendable (ScriptedServer) async throws -> Result
    ) async throws -> Result {
        let box = ServerBox()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let secured = channel.eventLoop.makeCompletedFuture {
                    guard let tls else { return }
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.context))
                }
                guard tls?.speaksHTTP2 == true else {
                    return secured.flatMapThrowing {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                        try channel.pipeline.syncOperations.addHandler(RequestHandler(box))
                    }
                }
                return secured.flatMap {
                    channel.configureCommonHTTPServerPipeline { stream in
                        stream.eventLoop.makeCompletedFuture {
                            try stream.pipeline.syncOperations.addHandler(RequestHandler(box))
                        }
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = ScriptedServer(channel: channel, script: script)
        box.server.withLock { $0 = server }
        do {
            let result = try await body(server)
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    var requests: [ReceivedRequest] { received.withLock { $0 } }

    /// Of a connection; a stream of HTTP/2 is one of its connection's.
    fileprivate func number(of channel: any Channel) -> Int {
        let connection = channel.parent?.parent == nil ? channel : channel.parent ?? channel
        return connections.withLock { numbers in
            let number = numbers[ObjectIdentifier(connection)] ?? numbers.count + 1
            numbers[ObjectIdentifier(connection)] = number
            return number
        }
    }

    fileprivate func answer(_ request: ReceivedRequest) -> ScriptedAnswer {
        received.withLock { $0.append(request) }
        return script(request)
    }
}

private final class ServerBox: Sendable {
    let server = Mutex<ScriptedServer?>(nil)
}

private final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let box: ServerBox
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var connection = 0

    init(_ box: ServerBox) { self.box = box }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let buffer): body += Array(buffer.readableBytesView)
        case .end: answer(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ context: ChannelHandlerContext) {
        guard let head, let server = box.server.withLock({ $0 }) else { return context.close(promise: nil) }
        if connection == 0 { connection = server.number(of: context.channel) }
        let certificate = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self).peerCertificate
        let answer = server.answer(
            ReceivedRequest(
                method: head.method.rawValue, target: head.uri, headers: head.headers, body: body,
                clientCertificate: certificate, connection: connection))
        guard answer.end != .silence else { return }
        let reply = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: answer.status), headers: HTTPHeaders(answer.headers))
        context.write(wrapOutboundOut(.head(reply)), promise: nil)
        for chunk in answer.chunks { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: chunk)))), promise: nil) }
        if let more = answer.more {
            context.flush()
            return more(AnswerStream(channel: context.channel))
        }
        switch answer.end {
        case .complete: context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .farewell:
            let connection = context.channel.parent?.parent == nil ? context.channel : context.channel.parent
            context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in connection?.close(promise: nil) }
        case .stall, .silence: context.flush()
        case .abort:
            context.flush()
            context.close(promise: nil)
        }
    }
}
