/// The hash that names are looked up by: 64 bits over the wire form in lower case, keyed by a number of this process,
/// so that nobody outside can prepare names that collide.
public enum NameHash {
    static let seed = UInt64.random(in: 0 ... .max)

    public static func hash(of name: DomainName) -> UInt64 {
        // SAFETY: the bytes are only read, during the call.
        unsafe name.lowercased.wire.withUnsafeBytes { unsafe hash($0) }
    }

    /// - Parameter name: wire form in lower case.
    public static func hash(_ name: UnsafeRawBufferPointer) -> UInt64 {
        var state = seed
        var offset = 0
        while offset + 8 <= name.count {
            // SAFETY: eight bytes from `offset` are within the buffer.
            let word = unsafe name.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            state = mix(state, UInt64(littleEndian: word))
            offset += 8
        }
        var last: UInt64 = 0
        var shift: UInt64 = 0
        while offset < name.count {
            // SAFETY: `offset` is below the count.
            last |= unsafe UInt64(name[offset]) << shift
            shift += 8
            offset += 1
        }
        if shift > 0 { state = mix(state, last) }
        return finish(state, count: name.count)
    }

    /// One step: folds the 128 bits of a product, as wyhash does.
    @inline(__always) static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }

    @inline(__always) static func finish(_ state: UInt64, count: Int) -> UInt64 {
        mix(state, UInt64(truncatingIfNeeded: count))
    }
}
