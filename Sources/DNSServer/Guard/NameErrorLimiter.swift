internal import NetworkTypes

/// Decides for each NXDOMAIN answer over UDP whether its client gets it: a token bucket for each client, in a table of
/// fixed size.
///
/// A bucket is one time, at which it would be full again (the generic cell rate algorithm): nothing has to be refilled,
/// and a bucket that is full is as good as none. All addresses of an IPv6 /64 are one client (RFC 6177: a host can take
/// any of them); link-local clients are therefore one.
struct NameErrorLimiter: Sendable {
    enum Verdict: Sendable, Hashable {
        case answer
        /// Nothing but the question, with TC.
        case truncate
        case drop
    }

    private struct Bucket: BitwiseCopyable {
        var client: UInt64 = 0
        /// Nanoseconds: when the bucket is full again.
        var fullAt: UInt64 = 0
        /// Answers withheld since it last had one to give.
        var withheld: UInt32 = 0
        /// 0: unused.
        var family: UInt8 = 0
    }

    /// Buckets that a client can be in.
    static let associativity = 8

    private var buckets: [Bucket]
    private let setMask: UInt64
    private let seed: UInt64
    /// Nanoseconds that one answer costs.
    private let cost: UInt64
    /// Nanoseconds of answers that a bucket holds.
    private let depth: UInt64
    private let truncationInterval: UInt32

    /// - Parameter seed: which clients share a place; unknown outside, so that nobody can choose addresses that push
    ///   others out.
    init(_ limit: NameErrorLimit, seed: UInt64 = .random(in: 0 ... .max)) {
        let sets = max(limit.clientLimit / Self.associativity, 1)
        // A power of two, not above the limit.
        let setCount = 1 << (Int.bitWidth - 1 - sets.leadingZeroBitCount)
        buckets = [Bucket](repeating: Bucket(), count: setCount * Self.associativity)
        setMask = UInt64(setCount - 1)
        self.seed = seed
        cost = max(1_000_000_000 / UInt64(limit.rate), 1)
        depth = cost * UInt64(limit.burst)
        truncationInterval = UInt32(clamping: limit.truncationInterval)
    }

    /// - Parameter now: nanoseconds of a clock that does not go back.
    mutating func decide(_ address: IPAddress, now: UInt64) -> Verdict {
        let client = Self.client(address)
        let index = place(client, address.family.rawValue, now: now)
        let full = max(buckets[index].fullAt, now) + cost
        guard full - now > depth else {
            buckets[index].fullAt = full
            buckets[index].withheld = 0
            return .answer
        }
        let withheld = buckets[index].withheld
        buckets[index].withheld = withheld &+ 1
        return truncationInterval > 0 && withheld % truncationInterval == 0 ? .truncate : .drop
    }

    /// Clients that are remembered.
    var clientCount: Int { buckets.count { $0.family != 0 } }
    var capacity: Int { buckets.count }

    private static func client(_ address: IPAddress) -> UInt64 {
        address.family == .ipv4
            ? UInt64(truncatingIfNeeded: address.bits) : UInt64(truncatingIfNeeded: address.bits >> 64)
    }

    /// The client's bucket, or a fresh one in the place of the fullest of its set.
    private mutating func place(_ client: UInt64, _ family: UInt8, now: UInt64) -> Int {
        let product = (client ^ seed ^ UInt64(family)).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        let first = Int(truncatingIfNeeded: (product.high ^ product.low) & setMask) * Self.associativity
        var fullest = first
        for index in first..<(first + Self.associativity) {
            if buckets[index].client == client, buckets[index].family == family { return index }
            if buckets[index].fullAt < buckets[fullest].fullAt { fullest = index }
        }
        buckets[fullest] = Bucket(client: client, fullAt: now, family: family)
        return fullest
    }
}
