/// Room for one name in lower case in wire form, made once and used for every request.
///
/// It holds 255 bytes and 9 more, so that a name can be written in words of 8 bytes.
// SAFETY: Sendable because the memory is this value's alone, and it cannot be copied.
@safe public struct NameScratch: ~Copyable, @unchecked Sendable {
    private let base: UnsafeMutableRawPointer

    private static let byteCount = 264

    public init() {
        // SAFETY: freed once, in deinit; every byte is set before any is read.
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: Self.byteCount, alignment: 8)
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: Self.byteCount)
    }

    deinit {
        // SAFETY: allocated in init, and nobody keeps a pointer to it.
        unsafe base.deallocate()
    }

    /// The first bytes. Valid until the next name is written or the scratch goes away.
    ///
    /// - Precondition: `count` is at most 255.
    public func bytes(_ count: Int) -> UnsafeRawBufferPointer {
        precondition(count >= 0 && count <= DomainName.byteLimit)
        // SAFETY: that many bytes are there.
        return unsafe UnsafeRawBufferPointer(start: base, count: count)
    }

    /// Stores a name in lower case and gives its `NameHash`.
    ///
    /// - Precondition: `count` is at most 255, and the source has that many bytes from `start`.
    public func store(_ source: RawSpan, from start: Int, count: Int) -> UInt64 {
        precondition(start >= 0 && count >= 0 && count <= DomainName.byteLimit && start + count <= source.byteCount)
        var state = NameHash.seed
        var offset = 0
        while offset < count {
            let word = Self.lowercase(Self.word(source, start + offset, count - offset))
            // SAFETY: at most 255 + 7 bytes, rounded up to a word, of the 264.
            unsafe base.storeBytes(of: UInt64(littleEndian: word), toByteOffset: offset, as: UInt64.self)
            state = NameHash.mix(state, word)
            offset += 8
        }
        return NameHash.finish(state, count: count)
    }

    /// Up to eight bytes as a word, the first the lowest; those beyond `count` are 0.
    @inline(__always) private static func word(_ source: RawSpan, _ offset: Int, _ count: Int) -> UInt64 {
        if offset + 8 <= source.byteCount {
            // SAFETY: any bytes are an integer, and the load checks its bounds.
            let word = unsafe UInt64(littleEndian: source.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
            return count >= 8 ? word : word & ((1 << UInt64(8 * count)) &- 1)
        }
        var word: UInt64 = 0
        for index in 0..<min(count, 8) {
            word |= UInt64(source.byte(offset + index)) << UInt64(8 * index)
        }
        return word
    }

    /// `DomainName.lowercase` for eight bytes at once.
    @inline(__always) static func lowercase(_ word: UInt64) -> UInt64 {
        let low = word & 0x7F7F_7F7F_7F7F_7F7F
        // The top bit of each byte: at least "A", and more than "Z". No byte carries into the next.
        let atLeastA = low &+ 0x3F3F_3F3F_3F3F_3F3F
        let aboveZ = low &+ 0x2525_2525_2525_2525
        let upper = (atLeastA & ~aboveZ & ~word) & 0x8080_8080_8080_8080
        return word | upper >> 2
    }
}
