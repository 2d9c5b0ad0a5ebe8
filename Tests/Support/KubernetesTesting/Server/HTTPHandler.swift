internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import NetworkTypes

/// Gathers requests of one connection and writes their answers.
final class HTTPHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// The API server's own limit to the body of a request.
    static let bodyLimitBytes = 3 << 20

    private let service: APIService
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isTooLarge = false
    private var watch: (id: Int, stream: WatchStream)?

    init(_ service: APIService) { self.service = service }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
            isTooLarge = false
        case .body(let bytes):
            if body.count + bytes.readableBytes > Self.bodyLimitBytes { isTooLarge = true } else { body += bytes.readableBytesView }
        case .end:
            if let head { respond(to: head, context) }
            head = nil
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        dropWatch()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { watch?.stream.pump() }
        context.fireChannelWritabilityChanged()
    }

    /// A client that half-closes, resets, or breaks TLS off is gone.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    private func dropWatch() {
        guard let watch else { return }
        service.state.removeWatch(watch.id)
        watch.stream.stop()
        self.watch = nil
    }

    // MARK: Answers

    private func respond(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let request = request(head, context)
        let tooLarge = APIFailure(
            code: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: limit is 3145728")
        let (answer, faults) = isTooLarge ? (service.answer(tooLarge, request), []) : service.answer(request)
        var delay: TimeAmount?
        for fault in faults {
            if fault == .noAnswer {
                context.close(promise: nil)
                return
            }
            if case .delay(let time) = fault { delay = TimeAmount(time) }
        }
        guard let delay else {
            write(answer, faults, head, context)
            return
        }
        let handler = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: delay) {
            let (handler, context) = handler.value
            handler.write(answer, faults, head, context)
        }
    }

    private func write(_ answer: Answer, _ faults: [Fault], _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        let raw = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
        let writer = AnswerWriter(context, raw: raw, faults: faults, isKeepAlive: head.isKeepAlive) { [weak self] in
            self?.dropWatch()
        }
        switch answer {
        case .whole(let code, let contentType, let headers, let bytes):
            writer.answer(code, [("Content-Type", contentType)] + headers, ByteBuffer(bytes: bytes))
        case .watch(let plan):
            writer.head(200, [("Content-Type", plan.encoding.format.watchContentType), ("Transfer-Encoding", "chunked")])
            context.flush()
            let stream = WatchStream(plan, service.state, writer)
            let bound = NIOLoopBound(stream, eventLoop: context.eventLoop)
            service.state.add { id in
                watch = (id, stream)
                return WatchHandle(type: plan.encoding.type, bound, context.eventLoop)
            }
            stream.start()
        }
    }

    private func request(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) -> IncomingRequest {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let bearer = head.headers.first(name: "Authorization").flatMap { $0.hasPrefix("Bearer ") ? String($0.dropFirst(7)) : nil }
        return IncomingRequest(
            method: head.method.rawValue, path: PercentEncoding.decoded(parts.first ?? "/"),
            query: PercentEncoding.query(parts.count > 1 ? parts[1] : ""), accept: head.headers["Accept"].joined(separator: ","),
            contentType: head.headers.first(name: "Content-Type") ?? "", token: bearer,
            certificateUser: certificateUser(context), userAgent: head.headers.first(name: "User-Agent") ?? "", body: body)
    }

    private func certificateUser(_ context: ChannelHandlerContext) -> String? {
        guard let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self) else { return nil }
        return handler.peerCertificate == nil ? nil : TestAuthority.clientName
    }
}
