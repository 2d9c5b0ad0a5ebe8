import KubernetesTesting
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One request over a connection of its own, its answer read as it comes.
struct RawAnswer {
    var status: Int
    var headers: HTTPHeaders
    /// Ends when the answer does; throws when the connection ends before it.
    var chunks: AsyncThrowingStream<[UInt8], any Error>
    let channel: any Channel

    func body() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in chunks { bytes += chunk }
        try? await channel.close()
        return bytes
    }

    func json() async throws -> JSON { try JSON(parsing: try await body()) }
}

struct ConnectionEnded: Error {}

/// A client with no opinion.
struct RawClient {
    let server: TestAPIServer

    func send(
        _ method: String, _ path: String, body: JSON? = nil, bytes: [UInt8]? = nil, headers: [(String, String)] = []
    ) async throws -> RawAnswer {
        let context = try server.authority.map { authority in
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.certificatePEM.utf8)))
            return try NIOSSLContext(configuration: configuration)
        }
        let (chunks, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        let promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: HTTPResponseHead.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if let context { try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil)) }
                        try pipeline.addHTTPClientHandlers()
                        try pipeline.addHandler(RawHandler(head: promise, chunks: continuation))
                    }
                }
                .connect(host: server.host, port: server.port).get()
        } catch {
            promise.fail(error)
            throw error
        }
        let content = bytes ?? body?.bytes ?? []
        var fields = HTTPHeaders([("Host", "test"), ("Content-Length", String(content.count))] + headers)
        if !content.isEmpty, !fields.contains(name: "Content-Type") { fields.add(name: "Content-Type", value: "application/json") }
        let head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: path, headers: fields)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if !content.isEmpty { channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: content))), promise: nil) }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        let response = try await promise.futureResult.get()
        return RawAnswer(status: Int(response.status.code), headers: response.headers, chunks: chunks, channel: channel)
    }

    /// The status and the body.
    func json(
        _ method: String, _ path: String, body: JSON? = nil, headers: [(String, String)] = []
    ) async throws -> (status: Int, body: JSON) {
        let answer = try await send(method, path, body: body, headers: headers)
        return (answer.status, try await answer.json())
    }

    func watch(_ path: String, headers: [(String, String)] = []) async throws -> RawWatch {
        RawWatch(try await send("GET", path, headers: headers))
    }
}

/// Events of a watch in JSON, one by one.
final class RawWatch {
    let answer: RawAnswer
    private var chunks: AsyncThrowingStream<[UInt8], any Error>.Iterator
    private(set) var buffer: [UInt8] = []

    init(_ answer: RawAnswer) {
        self.answer = answer
        chunks = answer.chunks.makeAsyncIterator()
    }

    /// Nil: the watch has ended.
    func next() async throws -> JSON? {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                let line = buffer[..<end]
                buffer.removeSubrange(...end)
                return try JSON(parsing: line)
            }
            guard let chunk = try await chunks.next() else { return nil }
            buffer += chunk
        }
    }

    /// `ADDED default/web 12`.
    func line() async throws -> String? {
        guard let event = try await next() else { return nil }
        let metadata = event[["object", "metadata"]]
        if event["type"] == "ERROR" { return "ERROR \(event[["object", "reason"]]?.string ?? "")" }
        if event["type"] == "BOOKMARK" {
            return metadata?["annotations"] == nil ? "BOOKMARK" : "BOOKMARK end"
        }
        return "\(event["type"]?.string ?? "") \(metadata?["name"]?.string ?? "")"
    }

    func close() async { try? await answer.channel.close() }
}

private final class RawHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    private let head: EventLoopPromise<HTTPResponseHead>
    private let chunks: AsyncThrowingStream<[UInt8], any Error>.Continuation

    init(head: EventLoopPromise<HTTPResponseHead>, chunks: AsyncThrowingStream<[UInt8], any Error>.Continuation) {
        self.head = head
        self.chunks = chunks
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head.succeed(head)
        case .body(let bytes): chunks.yield(Array(buffer: bytes))
        case .end: chunks.finish()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        head.fail(error)
        chunks.finish(throwing: error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        head.fail(ConnectionEnded())
        chunks.finish(throwing: ConnectionEnded())
    }
}
