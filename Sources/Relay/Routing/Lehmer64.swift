/// Random numbers for choosing, without a system call each: Lehmer's multiplicative generator over 128 bits, of which the
/// upper half is given (Steele and Vigna, "Computationally easy, spectrally good multipliers", 2021). Not for secrets.
struct Lehmer64: RandomNumberGenerator {
    private var state: UInt128

    init(seed: UInt64) {
        // Odd, or the period would be shorter.
        state = UInt128(seed) << 1 | 1
        for _ in 0..<4 { _ = next() }
    }

    mutating func next() -> UInt64 {
        state &*= 0xda94_2042_e4dd_58b5
        return UInt64(truncatingIfNeeded: state >> 64)
    }
}
