package import DNSWire

/// Writes records behind a question, up to a limit, into memory that somebody else lent for the time.
@safe package struct AnswerWriter: ~Copyable {
    private let base: UnsafeMutableRawPointer
    /// Bytes of the message so far.
    package private(set) var position: Int
    /// Bytes of the message at most.
    package var limit: Int
    /// Records written, by section.
    package var answers = 0
    package var authorities = 0
    package var additionals = 0

    /// Where the question's name is, and every answer's first owner.
    static let questionName = 12
    /// A compression pointer reaches no further (RFC 1035 section 4.1.4).
    static let pointerLimit = 0x4000
    /// Owner as a pointer, type, class, time to live, length of the data.
    static let recordByteCount = 12

    /// - Parameter position: where the next record begins.
    /// - Precondition: the memory is the writer's alone while it lives; `position` and `limit` are within it.
    @unsafe package init(_ memory: UnsafeMutableRawBufferPointer, position: Int, limit: Int) {
        precondition(position >= 0 && position <= limit && limit <= memory.count)
        // SAFETY: not empty, as a limit above 0 is within it; an empty buffer is never written.
        unsafe base = memory.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 8).unsafelyUnwrapped
        self.position = position
        self.limit = limit
    }

    @inline(__always) package var remaining: Int { limit - position }

    @inline(__always) package mutating func put<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        precondition(remaining >= MemoryLayout<Value>.size)
        // SAFETY: within the limit, which is within the memory.
        unsafe base.storeBytes(of: value.bigEndian, toByteOffset: position, as: Value.self)
        position += MemoryLayout<Value>.size
    }

    @inline(__always) package mutating func put(_ bytes: UnsafeRawBufferPointer) {
        precondition(remaining >= bytes.count)
        guard let source = bytes.baseAddress else { return }
        // SAFETY: within the limit; a question or a block never overlaps the message.
        unsafe (base + position).copyMemory(from: source, byteCount: bytes.count)
        position += bytes.count
    }

    /// Puts what stands before a record's data.
    @inline(__always) package mutating func putRecord(
        owner: Int, _ type: RecordType, recordClass: RecordClass = .internet, timeToLive: UInt32, dataByteCount: Int
    ) {
        let word =
            UInt64(0xC000 | UInt16(truncatingIfNeeded: owner)) << 48 | UInt64(type.rawValue) << 32
            | UInt64(recordClass.rawValue) << 16
        put(word | UInt64(timeToLive >> 16))
        put(timeToLive << 16 | UInt32(truncatingIfNeeded: dataByteCount))
    }

    /// Bytes that were written. Valid while nothing more is.
    func written(from start: Int, count: Int) -> UnsafeRawBufferPointer {
        precondition(start >= 0 && count >= 0 && start + count <= position)
        // SAFETY: within what was written.
        return unsafe UnsafeRawBufferPointer(start: base + start, count: count)
    }

    /// Takes back every record.
    package mutating func removeRecords(from start: Int) {
        precondition(start <= position)
        position = start
        (answers, authorities, additionals) = (0, 0, 0)
    }
}
