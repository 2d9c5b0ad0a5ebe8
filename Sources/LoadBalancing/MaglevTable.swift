public import NetworkTypes

/// A lookup table that spreads clients evenly by a hash and moves few of them when a backend comes or goes (Eisenbud et
/// al., "Maglev", NSDI 2016, section 3.4).
///
/// The same backends give the same table, whatever their order, on every node. Its size is a prime of at least
/// `slotsPerBackend` for each backend; it is the size for the next power of two of backends, because with another size
/// every client would move, not only those of the backend that came or went.
public struct MaglevTable: Sendable, Hashable {
    /// The paper's evaluation: with 100 entries a backend the busiest has 1 % more than its share.
    public static let slotsPerBackend = 100
    /// Fewer backends have the table of this many.
    public static let smallestCapacity = 8
    /// The table of so many backends is the largest; more have fewer than `slotsPerBackend` each.
    public static let largestCapacity = 1024
    /// Turns of all backends in one round, for each backend: the finest proportion of weights.
    private static let turnsPerBackend = 32

    /// One backend. Its place decides which slots it prefers.
    public struct Entry: Sendable, Hashable {
        public let address: IPAddress
        public let port: PortNumber
        /// Relative share of the slots; 0 has none.
        public let weight: UInt16

        public init(address: IPAddress, port: PortNumber, weight: UInt16 = 1) {
            self.address = address
            self.port = port
            self.weight = weight
        }
    }

    /// For each slot an index into the entries; empty when none has a weight.
    public let slots: [Int]

    /// O(size log size) on average. Entries are unlike each other in address or port.
    public init(_ entries: [Entry]) {
        // By weight only those that have one, in an order of their own.
        let names = entries.map(Self.name)
        let order = entries.indices.filter { entries[$0].weight > 0 }
            .sorted { (names[$0], entries[$0].address, entries[$0].port) < (names[$1], entries[$1].address, entries[$1].port) }
        let turns = WeightedSlots.slots(of: order.map { entries[$0].weight }, limit: Self.turnsPerBackend * order.count)
        slots = Self.filled(size: Self.size(of: order.count), turns: turns, names: order.map { names[$0] })
            .map { order[$0] }
    }

    /// Slots in the table of so many backends.
    public static func size(of count: Int) -> Int {
        if count <= 0 { return 0 }
        var capacity = smallestCapacity
        while capacity < min(count, largestCapacity) { capacity *= 2 }
        var size = capacity * slotsPerBackend
        while !isPrime(size) { size += 1 }
        return size
    }

    /// Backends take turns; each takes the first free slot of its own permutation, offset + n * skip. A prime size
    /// makes every skip run through all slots.
    private static func filled(size: Int, turns: [Int], names: [UInt64]) -> [Int] {
        if turns.isEmpty { return [] }
        var next = names.map { Int(mixed($0 ^ 0x6f66_6673_6574) % UInt64(size)) }
        let skip = names.map { Int(mixed($0 ^ 0x73_6b69_70) % UInt64(size - 1)) + 1 }
        var slots = [Int](repeating: -1, count: size)
        var left = size
        while true {
            for turn in turns {
                while slots[next[turn]] >= 0 { next[turn] = (next[turn] + skip[turn]) % size }
                slots[next[turn]] = turn
                left -= 1
                if left == 0 { return slots }
            }
        }
    }

    private static func name(_ entry: Entry) -> UInt64 {
        let bits = entry.address.bits
        let high = mixed(UInt64(truncatingIfNeeded: bits >> 64) ^ UInt64(entry.address.family.rawValue) << 32)
        return mixed(mixed(high ^ UInt64(truncatingIfNeeded: bits)) ^ UInt64(entry.port.rawValue))
    }

    /// The finalizer of SplitMix64: every bit of the result depends on every bit given.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value &+ 0x9e37_79b9_7f4a_7c15
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    private static func isPrime(_ number: Int) -> Bool {
        var divisor = 2
        while divisor * divisor <= number {
            if number % divisor == 0 { return false }
            divisor += 1
        }
        return number >= 2
    }
}
