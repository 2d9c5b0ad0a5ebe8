internal import NIOCore
internal import NetworkTypes

/// What the connections of one event loop share: the answerer and the room to write in.
final class TCPWorker {
    /// Bytes of a message at most: its length is announced in 16 bits.
    static let messageByteLimit = 65535
    /// Answers are handed to the kernel at the end of a read, or when there are so many bytes of them.
    static let writeBytes = 64 * 1024

    let forwarder: (any ForwardSink)?
    private let answerer: any TCPAnswerer
    private var scratch = ByteBuffer(repeating: 0, count: messageByteLimit)
    /// Frames that have not been written.
    private(set) var output = ByteBuffer()
    /// The connection whose answers are in `output`, while its queries are taken.
    var taker: ObjectIdentifier?

    init(answerer: any TCPAnswerer, forwarder: (any ForwardSink)?) {
        self.answerer = answerer
        self.forwarder = forwarder
    }

    enum Outcome {
        case answered
        case forward(ForwardRequest)
        case ignored
    }

    func beginBatch() { answerer.beginBatch() }

    /// Answers one message; the answer is added to `output`.
    func answer(_ message: ByteBuffer, client: IPAddress) -> Outcome {
        switch Self.respond(answerer, message, client, &scratch) {
        case .send(let count):
            output.writeInteger(UInt16(truncatingIfNeeded: count))
            output.writeBytes(scratch.readableBytesView.prefix(count))
            return .answered
        case .forward(let request): return .forward(request)
        case .drop: return .ignored
        }
    }

    private static func respond(
        _ answerer: any TCPAnswerer, _ message: ByteBuffer, _ client: IPAddress, _ room: inout ByteBuffer
    ) -> Reply {
        var response = room.mutableReadableBytesSpan
        return answerer.respond(to: message.readableBytesSpan, client: client, into: &response)
    }

    /// Adds an answer as a frame.
    ///
    /// - Precondition: at most `messageByteLimit` bytes.
    func add(_ message: [UInt8]) {
        precondition(message.count <= Self.messageByteLimit, "a message has at most 65535 bytes")
        output.writeInteger(UInt16(truncatingIfNeeded: message.count))
        output.writeBytes(message)
    }

    /// After `output` was handed on. Its memory is used again where the channel needs it no more.
    func clearOutput() {
        if output.capacity > 2 * Self.writeBytes { output = ByteBuffer() } else { output.clear() }
    }
}
