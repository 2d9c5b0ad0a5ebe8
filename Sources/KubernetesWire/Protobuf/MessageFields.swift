/// Walks the fields of a protobuf message without copying any: for what objects are wrapped in.
///
/// A message of swift-protobuf with the object as `bytes` in it would copy every object once for each wrapping: list,
/// event, raw extension and unknown. Positions are into bytes that the caller keeps.
struct MessageFields {
    enum Value {
        case number(UInt64)
        /// A string, bytes or message: where it lies.
        case bytes(Range<Int>)
        /// Fixed 32 and 64 bits: nothing here uses them.
        case fixed
    }

    private var position: Int
    private let end: Int

    /// - Parameter range: where the message lies.
    init(in range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    /// Nil at the end.
    mutating func next(of bytes: borrowing Span<UInt8>) throws(WireError) -> (number: UInt64, value: Value)? {
        guard position < end else { return nil }
        let tag = try varint(bytes)
        switch tag & 7 {
        case 0: return (tag >> 3, .number(try varint(bytes)))
        case 1: try skip(8)
        case 2:
            let length = try varint(bytes)
            let start = position
            guard length <= UInt64(end - start) else { throw .malformed("a field is longer than its message") }
            position += Int(length)
            return (tag >> 3, .bytes(start..<position))
        case 5: try skip(4)
        default: throw .malformed("a field of unknown wire type \(tag & 7)")
        }
        return (tag >> 3, .fixed)
    }

    private mutating func skip(_ count: Int) throws(WireError) {
        guard count <= end - position else { throw .malformed("a field is longer than its message") }
        position += count
    }

    private mutating func varint(_ bytes: borrowing Span<UInt8>) throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard position < end else { throw .malformed("a number ends early") }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw .malformed("a number has more than 64 bits")
    }
}
