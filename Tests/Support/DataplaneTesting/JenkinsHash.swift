/// Bob Jenkins' hash lookup3 as Linux has it (include/linux/jhash.h), for the expression `jhash`.
enum JenkinsHash {
    /// JHASH_INITVAL.
    private static let initial: UInt32 = 0xdead_beef

    /// The index that nft_hash.c makes of the hash: 0...`modulus` - 1 (reciprocal_scale).
    static func index(of bytes: [UInt8], seed: UInt32, modulus: UInt32) -> UInt32 {
        UInt32(truncatingIfNeeded: (UInt64(hash(bytes, seed: seed)) * UInt64(modulus)) >> 32)
    }

    /// `jhash(key, length, initval)`.
    static func hash(_ bytes: [UInt8], seed: UInt32) -> UInt32 {
        var a = initial &+ UInt32(bytes.count) &+ seed
        var (b, c) = (a, a)
        var rest = bytes[...]
        while rest.count > 12 {
            a &+= HostWord.value(rest.prefix(4))
            b &+= HostWord.value(rest.dropFirst(4).prefix(4))
            c &+= HostWord.value(rest.dropFirst(8).prefix(4))
            mix(&a, &b, &c)
            rest = rest.dropFirst(12)
        }
        guard !rest.isEmpty else { return c }
        // The tail is read byte by byte, the lowest first, on every machine.
        let tail = Array(rest) + [UInt8](repeating: 0, count: 12 - rest.count)
        func word(_ at: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(tail[at + $1]) << UInt32($1 * 8) } }
        a &+= word(0)
        b &+= word(4)
        c &+= word(8)
        finish(&a, &b, &c)
        return c
    }

    private static func mix(_ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32) {
        step(&a, &c, b, 4)
        step(&b, &a, c, 6)
        step(&c, &b, a, 8)
        step(&a, &c, b, 16)
        step(&b, &a, c, 19)
        step(&c, &b, a, 4)
    }

    /// `x -= y; x ^= rol32(y, bits); y += z`.
    private static func step(_ x: inout UInt32, _ y: inout UInt32, _ z: UInt32, _ bits: UInt32) {
        x = (x &- y) ^ rotated(y, bits)
        y &+= z
    }

    private static func finish(_ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32) {
        c = (c ^ b) &- rotated(b, 14)
        a = (a ^ c) &- rotated(c, 11)
        b = (b ^ a) &- rotated(a, 25)
        c = (c ^ b) &- rotated(b, 16)
        a = (a ^ c) &- rotated(c, 4)
        b = (b ^ a) &- rotated(a, 14)
        c = (c ^ b) &- rotated(b, 24)
    }

    private static func rotated(_ value: UInt32, _ bits: UInt32) -> UInt32 { value << bits | value >> (32 - bits) }
}
