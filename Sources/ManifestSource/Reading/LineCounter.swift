/// Turns offsets into lines and columns; asked in rising order, it passes over a file once.
struct LineCounter {
    private var offset = 0
    private var line: UInt32 = 1
    private var lineStart = 0

    /// The line and column (in bytes) of an offset, both from 1.
    mutating func position(of target: Int, in bytes: [UInt8]) -> TextPosition {
        if target < offset { self = LineCounter() }
        let span = bytes.span
        while offset < target {
            if span[offset] == 0x0A {
                line += 1
                lineStart = offset + 1
            }
            offset += 1
        }
        // An invisible mark before the first line is no column of it.
        let skipped = lineStart == 0 && bytes.starts(with: ByteOrderMark.utf8) ? ByteOrderMark.utf8.count : 0
        return TextPosition(line: line, column: UInt32(max(target - lineStart - skipped, 0) + 1))
    }
}

/// The marks that some editors put before a text.
enum ByteOrderMark {
    static let utf8: [UInt8] = [0xEF, 0xBB, 0xBF]
}
