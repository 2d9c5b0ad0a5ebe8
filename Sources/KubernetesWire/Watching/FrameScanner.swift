/// Where an event lies in the bytes of a watch.
struct Frame {
    /// Nil: there was only space between two events.
    var content: Range<Int>?
    /// Where the next begins.
    var end: Int
}

/// Finds the events in the bytes of a watch.
protocol FrameScanner: Sendable {
    /// The event that begins at `start`; nil: its end has not come. Asked again then with the same bytes from `start` on,
    /// now at the beginning, and more behind them.
    mutating func next(
        in bytes: borrowing Span<UInt8>, from start: Int, limit: Int
    ) throws(WireError) -> Frame?
}

/// Events of protobuf, each behind its length.
struct LengthScanner: FrameScanner {
    static let lengthSize = 4

    func next(in bytes: borrowing Span<UInt8>, from start: Int, limit: Int) throws(WireError) -> Frame? {
        guard bytes.count - start >= Self.lengthSize else { return nil }
        var length = 0
        for index in start..<start + Self.lengthSize { length = length << 8 | Int(bytes[index]) }
        guard length <= limit else { throw .frameTooLong(length, limit: limit) }
        let content = start + Self.lengthSize
        guard bytes.count - content >= length else { return nil }
        return Frame(content: content..<content + length, end: content + length)
    }
}

/// Events of JSON: objects, one after another, with any space between them.
struct JSONValueScanner: FrameScanner {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// Bytes of the event that were looked at before.
    private var seen = 0

    mutating func next(
        in bytes: borrowing Span<UInt8>, from start: Int, limit: Int
    ) throws(WireError) -> Frame? {
        var index = start + seen
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth <= 0 {
                    self = JSONValueScanner()
                    return try frame(start..<index, limit)
                }
            case 0x09, 0x0A, 0x0D, 0x20:
                // Space before an event is done with at once: it is no event that waits for its end.
                if depth == 0 { return Frame(content: nil, end: index) }
            default:
                guard depth > 0 else { throw .malformed("no JSON object where an event should begin") }
            }
        }
        seen = bytes.count - start
        guard seen <= limit else { throw .frameTooLong(seen, limit: limit) }
        return nil
    }

    private func frame(_ content: Range<Int>, _ limit: Int) throws(WireError) -> Frame {
        guard content.count <= limit else { throw .frameTooLong(content.count, limit: limit) }
        return Frame(content: content, end: content.upperBound)
    }
}
