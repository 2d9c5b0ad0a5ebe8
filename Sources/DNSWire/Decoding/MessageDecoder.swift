/// Reads one message from its start to its end.
///
/// The bytes are not kept but given to each step, which checks every place against `end` before it reads there.
struct MessageDecoder {
    /// Bytes of a message at most (RFC 1035 section 4.2.2).
    static let messageByteLimit = 65535
    static let headerByteCount = 12
    /// Pointers followed in one name at most. A name has at most 127 labels, and what compresses sensibly has a label
    /// before each pointer; together with the 255 bytes this bounds the work that any two bytes can cause.
    static let pointerLimit = 127
    /// Bytes of a record at least: root, type, class, time to live, length.
    static let recordByteMinimum = 11

    /// The next byte to read.
    var position = 0
    /// The end of what is being read: the message, or a record's RDATA.
    var end: Int
    /// False: the bytes are RDATA alone, there is nothing to point into.
    var followsPointers = true
    /// Labels and pointers looked at so far; tests bound it.
    var steps = 0
    /// The name behind the pointer read last: records of one answer mostly name the same owner, and share it.
    var recentName: (offset: Int, name: DomainName)?

    init(byteCount: Int) { end = byteCount }

    mutating func uint8(_ bytes: Span<UInt8>) throws(DecodingFault) -> UInt8 {
        try require(1)
        position &+= 1
        return bytes[position &- 1]
    }

    mutating func uint16(_ bytes: Span<UInt8>) throws(DecodingFault) -> UInt16 {
        try require(2)
        position &+= 2
        return UInt16(bytes[position &- 2]) << 8 | UInt16(bytes[position &- 1])
    }

    mutating func uint32(_ bytes: Span<UInt8>) throws(DecodingFault) -> UInt32 {
        let upper = UInt32(try uint16(bytes))
        return upper << 16 | UInt32(try uint16(bytes))
    }

    /// As many bytes as asked for.
    mutating func bytes(_ count: Int, _ bytes: Span<UInt8>) throws(DecodingFault) -> [UInt8] {
        try require(count)
        var result = [UInt8](repeating: 0, count: count)
        var target = result.mutableSpan
        for index in 0..<count { target[index] = bytes[position &+ index] }
        position &+= count
        return result
    }

    /// A character string: a length byte and so many bytes (RFC 1035 section 3.3).
    mutating func characterString(_ bytes: Span<UInt8>) throws(DecodingFault) -> [UInt8] {
        let start = position
        let count = Int(try uint8(bytes))
        guard count <= end &- position else { throw DecodingFault(.overrun, at: start) }
        return try self.bytes(count, bytes)
    }

    /// The whole range up to `end` lies within the message, so that one comparison is enough.
    private func require(_ count: Int) throws(DecodingFault) {
        guard count <= end &- position else { throw DecodingFault(.overrun, at: position) }
    }
}
