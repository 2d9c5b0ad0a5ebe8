internal import NIOCore

/// Takes a TCP stream apart into messages: two bytes of length before each (RFC 1035 section 4.2.2, RFC 7766 section 8).
///
/// What it keeps between reads is less than one frame, as long as every frame is taken.
struct FrameReader {
    enum Step: Equatable {
        /// A whole message. Zero bytes are possible.
        case frame(ByteBuffer)
        /// More bytes are needed.
        case incomplete
        /// A message of so many bytes is announced, more than the limit.
        case oversized(Int)
    }

    /// Bytes of a message at most.
    let limit: Int
    private var buffer = ByteBuffer()

    init(limit: Int) { self.limit = limit }

    /// Bytes that have not been taken as frames.
    var waitingBytes: Int { buffer.readableBytes }

    /// Adds what was received. Nothing is copied while no part of a frame waits.
    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
    }

    mutating func next() -> Step {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt16.self) else { return .incomplete }
        guard Int(length) <= limit else { return .oversized(Int(length)) }
        guard buffer.readableBytes >= 2 + Int(length) else { return .incomplete }
        buffer.moveReaderIndex(forwardBy: 2)
        return buffer.readSlice(length: Int(length)).map { .frame($0) } ?? .incomplete
    }

    /// Lets go of the buffer that was read into and keeps only what waits. After each batch.
    mutating func settle() {
        buffer = buffer.readableBytes == 0 ? ByteBuffer() : ByteBuffer(bytes: buffer.readableBytesView)
    }

    /// Forgets what waits.
    mutating func discard() { buffer = ByteBuffer() }
}
