import Glibc
import RandomTesting

/// Bytes that tell their place in a stream, without an end.
struct Pattern: Sendable {
    /// A prime, so that buffers of a power of two do not fall together with it.
    private static let period = 65521
    /// Twice the period: any `period` bytes lie side by side.
    private let bytes: [UInt8]

    static let chunkLimit = period

    init(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let one = (0..<Self.period).map { _ in UInt8.random(in: 0...255, using: &generator) }
        bytes = one + one
    }

    func chunk(at offset: Int, count: Int) -> ArraySlice<UInt8> {
        precondition(count <= Self.chunkLimit)
        let start = offset % Self.period
        return bytes[start..<start + count]
    }

    func matches(_ some: [UInt8], at offset: Int) -> Bool {
        guard some.count <= Self.chunkLimit else {
            return matches(Array(some[..<Self.chunkLimit]), at: offset)
                && matches(Array(some[Self.chunkLimit...]), at: offset + Self.chunkLimit)
        }
        let start = offset % Self.period
        // SAFETY: both sides have `some.count` bytes, and live for the call.
        return unsafe some.withUnsafeBytes { some in
            unsafe bytes.withUnsafeBytes { bytes in
                guard let one = some.baseAddress, let other = bytes.baseAddress else { return true }
                return unsafe memcmp(one, other + start, some.count) == 0
            }
        }
    }
}
