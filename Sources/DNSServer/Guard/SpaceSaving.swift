/// The most frequent of many keys, in a table of fixed size (Metwally, Agrawal and El Abbadi 2005, "Efficient computation
/// of frequent and top-k elements in data streams": Space-Saving).
///
/// A key that is not in the table takes the place of the rarest one and inherits its count. Every key that was counted
/// more often than 1 / `capacity` of all is therefore in the table, and no count is too low, nor too high by more than that
/// part.
///
/// Keys are bytes of at most `keyByteLimit`; all memory is allocated at once.
struct SpaceSaving: Sendable {
    private struct Counter: BitwiseCopyable {
        var hash: UInt64 = 0
        var count: UInt64 = 0
        /// What was inherited.
        var error: UInt64 = 0
        var byteCount = 0
    }

    private var counters: [Counter]
    /// The keys, `keyByteLimit` bytes each.
    private var keys: [UInt8]
    private(set) var total: UInt64 = 0
    let keyByteLimit: Int

    var capacity: Int { counters.count }
    /// Bytes of both tables.
    var byteCount: Int { counters.count * MemoryLayout<Counter>.stride + keys.count }

    init(capacity: Int, keyByteLimit: Int) {
        precondition(capacity > 0 && keyByteLimit > 0)
        counters = [Counter](repeating: Counter(), count: capacity)
        keys = [UInt8](repeating: 0, count: capacity * keyByteLimit)
        self.keyByteLimit = keyByteLimit
    }

    /// Counts a key once. O(capacity), without allocating.
    ///
    /// - Parameter hash: of the key: equal keys have equal ones.
    /// - Precondition: the key is not longer than `keyByteLimit`.
    mutating func count(_ key: RawSpan, hash: UInt64) {
        precondition(key.byteCount <= keyByteLimit)
        total += 1
        var rarest = 0
        for index in counters.indices {
            if counters[index].hash == hash, counters[index].count > 0, holds(key, at: index) {
                counters[index].count += 1
                return
            }
            if counters[index].count < counters[rarest].count { rarest = index }
        }
        let inherited = counters[rarest].count
        counters[rarest] = Counter(hash: hash, count: inherited + 1, error: inherited, byteCount: key.byteCount)
        for offset in 0..<key.byteCount { keys[rarest * keyByteLimit + offset] = Self.byte(key, offset) }
    }

    /// Forgets everything.
    mutating func removeAll() {
        for index in counters.indices { counters[index] = Counter() }
        total = 0
    }

    /// Every key with its count and by how much that may be too high, in no particular order.
    func forEach(_ body: (_ key: ArraySlice<UInt8>, _ count: UInt64, _ error: UInt64) -> Void) {
        for (index, counter) in counters.enumerated() where counter.count > 0 {
            let start = index * keyByteLimit
            body(keys[start..<(start + counter.byteCount)], counter.count, counter.error)
        }
    }

    private func holds(_ key: RawSpan, at index: Int) -> Bool {
        guard counters[index].byteCount == key.byteCount else { return false }
        for offset in 0..<key.byteCount where keys[index * keyByteLimit + offset] != Self.byte(key, offset) {
            return false
        }
        return true
    }

    @inline(__always) private static func byte(_ key: RawSpan, _ offset: Int) -> UInt8 {
        // SAFETY: any byte is an integer, and the load checks its bounds.
        unsafe key.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
