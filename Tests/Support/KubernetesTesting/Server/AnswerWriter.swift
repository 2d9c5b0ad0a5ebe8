internal import NIOCore
internal import NIOHTTP1

/// Writes one answer to a connection, with the faults that happen to it. Of one event loop.
final class AnswerWriter {
    private let context: ChannelHandlerContext
    /// Behind the encoder of HTTP: what it writes goes as it is.
    private let raw: ChannelHandlerContext?
    private let faults: [Fault]
    private let isKeepAlive: Bool
    private let done: () -> Void

    private var eventCount = 0
    private var isStalled = false
    /// The answer is over, or cut short.
    private(set) var hasEnded = false
    private var isClosing = false
    private var pending = ByteBuffer()
    /// Bytes that wait for their time, while the answer is slow.
    private var slowly: ByteBuffer?
    private var endsAfterSlowly = false

    init(
        _ context: ChannelHandlerContext, raw: ChannelHandlerContext?, faults: [Fault], isKeepAlive: Bool,
        done: @escaping () -> Void
    ) {
        self.context = context
        self.raw = raw
        self.faults = faults
        self.isKeepAlive = isKeepAlive
        self.done = done
    }

    var eventLoop: any EventLoop { context.eventLoop }
    /// Bytes of a watch that wait to be written together.
    private static let flushBytes = 32 << 10
    var isWritable: Bool { context.channel.isWritable && !isStalled && !hasEnded && (slowly?.readableBytes ?? 0) < Self.flushBytes }

    // MARK: Heads

    func head(_ status: Int, _ headers: [(String, String)]) {
        var fields = HTTPHeaders(headers)
        if !isKeepAlive { fields.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: fields)
        context.write(NIOAny(HTTPServerResponsePart.head(head)), promise: nil)
    }

    /// An answer that is whole.
    func answer(_ status: Int, _ headers: [(String, String)], _ body: ByteBuffer) {
        let length = faults.isEmpty ? [("Content-Length", String(body.readableBytes))] : [("Transfer-Encoding", "chunked")]
        head(status, headers + length)
        for fault in faults {
            switch fault {
            case .end(.clean, _): continue
            case .end(let ending, _):
                cut(ending, in: Array(buffer: body))
                return
            case .stall:
                write(ByteBuffer(buffer: body.getSlice(at: body.readerIndex, length: body.readableBytes / 2) ?? body))
                context.flush()
                stall()
                return
            default: continue
            }
        }
        write(body)
        end()
    }

    // MARK: Events

    func write(event: [UInt8]) {
        if hasEnded || isStalled { return }
        for fault in faults {
            switch fault {
            case .end(let ending, let count) where count <= eventCount:
                cut(ending, in: event)
                return
            case .stall(let count) where count <= eventCount:
                flush()
                stall()
                return
            default: continue
            }
        }
        eventCount += 1
        pending.writeBytes(event)
        if faults.contains(.duplicates) { pending.writeBytes(event) }
        if pending.readableBytes >= Self.flushBytes { flush() }
    }

    func flush() {
        if pending.readableBytes > 0 {
            write(pending)
            pending = ByteBuffer()
        }
        context.flush()
    }

    private func write(_ bytes: ByteBuffer) {
        for case .slow(let count, let every) in faults {
            let isUnderWay = slowly != nil
            slowly = slowly ?? ByteBuffer()
            slowly?.writeImmutableBuffer(bytes)
            if !isUnderWay { trickle(count, TimeAmount(every)) }
            return
        }
        context.write(NIOAny(HTTPServerResponsePart.body(.byteBuffer(bytes))), promise: nil)
    }

    private func trickle(_ count: Int, _ every: TimeAmount) {
        var waiting = slowly ?? ByteBuffer()
        guard !isClosing, let bytes = waiting.readSlice(length: min(count, waiting.readableBytes)), bytes.readableBytes > 0
        else {
            slowly = nil
            if endsAfterSlowly { finish() }
            return
        }
        slowly = waiting
        context.writeAndFlush(NIOAny(HTTPServerResponsePart.body(.byteBuffer(bytes))), promise: nil)
        let writer = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: every) { writer.value.trickle(count, every) }
    }

    // MARK: Ends

    func stall() { isStalled = true }

    func end() {
        if hasEnded { return }
        flush()
        hasEnded = true
        if isStalled { return }
        if slowly != nil { endsAfterSlowly = true } else { finish() }
    }

    private func finish() {
        let isKeepAlive = isKeepAlive
        let context = NIOLoopBound(context, eventLoop: eventLoop)
        let done = NIOLoopBound(done, eventLoop: eventLoop)
        self.context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil))).whenComplete { _ in
            done.value()
            if !isKeepAlive { context.value.close(promise: nil) }
        }
    }

    /// Ends the answer in the middle of these bytes.
    func cut(_ ending: Fault.Ending, in bytes: [UInt8]) {
        if hasEnded { return }
        flush()
        let half = ByteBuffer(bytes: bytes.prefix(max(1, bytes.count / 2)))
        switch ending {
        case .clean: end()
        case .midObject:
            write(half)
            end()
        case .midObjectAbruptly:
            hasEnded = true
            context.writeAndFlush(NIOAny(HTTPServerResponsePart.body(.byteBuffer(half))), promise: nil)
            abort()
        case .midChunk:
            hasEnded = true
            var chunk = ByteBuffer(string: String(bytes.count, radix: 16) + "\r\n")
            chunk.writeImmutableBuffer(half)
            raw?.writeAndFlush(NIOAny(IOData.byteBuffer(chunk)), promise: nil)
            abort()
        }
    }

    /// The connection goes.
    func abort() {
        hasEnded = true
        isClosing = true
        context.close(promise: nil)
    }
}
