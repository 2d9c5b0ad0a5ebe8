/// Writes the fields of a protobuf message: for what objects are wrapped in, as ``MessageFields`` reads it.
struct MessageWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// As it stands, with no field about it.
    mutating func append(_ raw: some Collection<UInt8>) { bytes.append(contentsOf: raw) }

    mutating func write(_ number: UInt8, _ value: [UInt8]) {
        head(number, value.count)
        bytes.append(contentsOf: value)
    }

    mutating func write(_ number: UInt8, _ value: String) {
        head(number, value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    private mutating func head(_ number: UInt8, _ length: Int) {
        // Field numbers of wrappers are below 16: one byte with the wire type.
        bytes.append(number << 3 | 2)
        var rest = UInt(length)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Bytes of a field's tag and length and of `length` bytes of value.
    static func size(of length: Int) -> Int {
        1 + (64 - UInt64(length | 1).leadingZeroBitCount + 6) / 7 + length
    }
}
