/// Whom an event is for: 56 bits.
struct TCPToken: Hashable {
    enum Side: UInt64 {
        case listener = 0
        case client = 1
        case backend = 2
    }

    let rawValue: UInt64

    private static let indexBits: UInt64 = 24
    private static let generationBits: UInt64 = 30

    /// Listeners and connections of one worker at most.
    static let indexLimit = 1 << Int(indexBits)
    static let generationMask: UInt32 = (1 << UInt32(generationBits)) - 1

    init(rawValue: UInt64) { self.rawValue = rawValue }

    /// - Parameter generation: tells those apart that have the same index one after the other.
    init(_ side: Side, index: Int, generation: UInt32 = 0) {
        precondition(index >= 0 && index < Self.indexLimit && generation <= Self.generationMask)
        rawValue = UInt64(generation) << (Self.indexBits + 2) | UInt64(index) << 2 | side.rawValue
    }

    var side: Side? { Side(rawValue: rawValue & 3) }
    var index: Int { Int(rawValue >> 2) & (Self.indexLimit - 1) }
    var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> (Self.indexBits + 2)) & Self.generationMask }

    /// The same with another side.
    func of(_ side: Side) -> TCPToken { TCPToken(rawValue: rawValue & ~3 | side.rawValue) }
}
