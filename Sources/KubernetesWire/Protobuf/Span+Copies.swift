internal import FoundationEssentials

extension [UInt8] {
    mutating func append(_ span: borrowing Span<UInt8>) {
        // SAFETY: the buffer is read inside the closure alone.
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}

extension String {
    /// Text of these bytes, with U+FFFD for what is no UTF-8.
    init(copying span: borrowing Span<UInt8>) {
        // SAFETY: the buffer is read inside the closure alone.
        self = unsafe span.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension Data {
    init(copying span: borrowing Span<UInt8>) {
        // SAFETY: the buffer is read inside the closure alone.
        self = unsafe span.withUnsafeBufferPointer { unsafe Data(buffer: $0) }
    }
}
