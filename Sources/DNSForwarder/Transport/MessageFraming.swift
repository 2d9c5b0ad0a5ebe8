internal import NIOCore

/// Messages on a stream: two bytes of length, then the message (RFC 1035 section 4.2.2).
struct MessageFramingDecoder: NIOSingleStepByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    mutating func decode(buffer: inout ByteBuffer) -> ByteBuffer? { buffer.readLengthPrefixedSlice(as: UInt16.self) }

    mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) -> ByteBuffer? { decode(buffer: &buffer) }
}
