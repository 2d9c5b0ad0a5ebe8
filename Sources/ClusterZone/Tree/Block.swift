/// A block of the tree's memory: its size, a word of its kind, then what that kind holds.
///
/// Copies of it are not counted, which is what makes reading free: `Retirement` knows when no snapshot shows it any
/// more. Every access is checked against the size.
// SAFETY: Sendable because a block that a snapshot shows is never written again.
@safe struct Block: BitwiseCopyable, @unchecked Sendable, Equatable {
    private let base: UnsafeMutableRawPointer

    static let headerByteCount = 8

    static func == (a: Block, b: Block) -> Bool {
        // SAFETY: addresses are compared, not what is there.
        unsafe a.base == b.base
    }

    init(byteCount: Int) {
        // SAFETY: fresh memory, set to 0 before any of it is read; freed by `free`.
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 8)
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        unsafe base.storeBytes(of: UInt32(byteCount), as: UInt32.self)
    }

    /// A reference that another block holds.
    private init?(bits: UInt) {
        // SAFETY: only `store` of a block makes such bits, and a block is freed after those that refer to it.
        guard let pointer = unsafe UnsafeMutableRawPointer(bitPattern: bits) else { return nil }
        unsafe base = pointer
    }

    var byteCount: Int {
        // SAFETY: every block begins with its size.
        unsafe Int(base.load(as: UInt32.self))
    }

    /// A new block with the same bytes and, beyond them, zeros.
    func copy(byteCount newCount: Int) -> Block {
        let result = Block(byteCount: newCount)
        let count = min(byteCount, newCount) - 4
        // SAFETY: both have at least that many bytes after the size.
        unsafe (result.base + 4).copyMemory(from: base + 4, byteCount: count)
        return result
    }

    /// - Precondition: nobody reads it any more.
    func free() {
        // SAFETY: allocated in init; the caller is the last one to know it.
        unsafe base.deallocate()
    }

    @inline(__always) func load<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: Value.Type) -> Value {
        precondition(offset >= 0 && offset + MemoryLayout<Value>.size <= byteCount)
        // SAFETY: within the block, and every byte of it has been set.
        return unsafe base.loadUnaligned(fromByteOffset: offset, as: type)
    }

    @inline(__always) func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
        precondition(offset >= 4 && offset + MemoryLayout<Value>.size <= byteCount)
        // SAFETY: within the block, after its size.
        unsafe base.storeBytes(of: value, toByteOffset: offset, as: Value.self)
    }

    @inline(__always) func block(_ offset: Int) -> Block? { Block(bits: load(offset, as: UInt.self)) }

    @inline(__always) func store(_ block: Block?, at offset: Int) {
        // SAFETY: a pointer has the size of an integer; `block` makes it a pointer again.
        store(block.map { unsafe UInt(bitPattern: $0.base) } ?? 0, at: offset)
    }

    func store(_ bytes: some Collection<UInt8>, at offset: Int) {
        var offset = offset
        for byte in bytes {
            store(byte, at: offset)
            offset += 1
        }
    }

    /// Some bytes of it. Valid while a snapshot shows the block.
    @inline(__always) func bytes(_ offset: Int, count: Int) -> UnsafeRawBufferPointer {
        precondition(offset >= 0 && count >= 0 && offset + count <= byteCount)
        // SAFETY: within the block.
        return unsafe UnsafeRawBufferPointer(start: base + offset, count: count)
    }

    /// Moves bytes within the block; the places may overlap.
    func move(from source: Int, to target: Int, count: Int) {
        precondition(source >= 4 && target >= 4 && count >= 0)
        precondition(source + count <= byteCount && target + count <= byteCount)
        // SAFETY: both within the block.
        unsafe (base + target).copyMemory(from: base + source, byteCount: count)
    }

    func array(_ offset: Int, count: Int) -> [UInt8] {
        // SAFETY: copied at once.
        unsafe Array(bytes(offset, count: count))
    }

    /// The bytes from `offset` are those of `other`.
    @inline(__always) func hasBytes(_ other: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        // SAFETY: both buffers are read within their counts, which are the same.
        let own = unsafe bytes(offset, count: other.count)
        let count = other.count
        var index = 0
        while index + 8 <= count {
            let (a, b) = unsafe (
                own.loadUnaligned(fromByteOffset: index, as: UInt64.self),
                other.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            )
            if a != b { return false }
            index += 8
        }
        while index < count {
            // SAFETY: as above.
            if unsafe own[index] != other[index] { return false }
            index += 1
        }
        return true
    }
}
