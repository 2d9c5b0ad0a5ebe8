/// An entry of a map.
package struct BPFMapEntry<Key: BitwiseCopyable, Value> {
    package var key: Key
    package var value: Value

    package init(key: Key, value: Value) {
        self.key = key
        self.value = value
    }
}

extension BPFMapEntry: Sendable where Key: Sendable, Value: Sendable {}
extension BPFMapEntry: Equatable where Key: Equatable, Value: Equatable {}
extension BPFMapEntry: Hashable where Key: Hashable, Value: Hashable {}

extension BPFMap {
    /// Writes many entries with one system call, in their order. O(entries).
    ///
    /// - Throws: as `update`; the error's `entry` is the first that was not written.
    package func updateBatch(
        keys: [Key], values: [Value], _ mode: BPFUpdateMode = .any
    ) throws(BPFError) {
        precondition(keys.count == values.count, "a value for each key")
        guard !keys.isEmpty else { return }
        var outcome: Result<Void, BPFError> = .success(())
        // SAFETY: both have `count` elements of the kernel's sizes (init), next to each other (their stride is checked).
        unsafe keys.withUnsafeBytes { keyBytes in
            unsafe values.withUnsafeBytes { valueBytes in
                guard let first = keyBytes.baseAddress, let value = valueBytes.baseAddress else { return }
                outcome = Result { () throws(BPFError) in
                    unsafe try handle.updateBatch(first, value, count: keys.count, mode)
                }
            }
        }
        try outcome.get()
    }

    /// As above, of entries.
    package func updateBatch(_ entries: [BPFMapEntry<Key, Value>], _ mode: BPFUpdateMode = .any) throws(BPFError) {
        try updateBatch(keys: entries.map(\.key), values: entries.map(\.value), mode)
    }

    /// Deletes many entries with one system call; those that are not there are passed over.
    ///
    /// - Returns: how many were there.
    @discardableResult
    package func deleteBatch(_ keys: [Key]) throws(BPFError) -> Int { try handle.deleteBatch(keys) }

    /// Hands every entry to `body`, which may return false to stop, read many at a time.
    ///
    /// An entry that comes or goes meanwhile is seen or not. Of a hash map no other one is missed or seen twice.
    package func forEach(_ body: (Key, Value) throws -> Bool) throws {
        try forEach(usingBatches: true, body)
    }

    func forEach(usingBatches: Bool, _ body: (Key, Value) throws -> Bool) throws {
        var failure: (any Error)?
        // SAFETY: the entries are read inside the closure.
        unsafe try handle.walk(usingBatches: usingBatches) { entries in
            do {
                for index in 0..<(unsafe entries.count) {
                    // SAFETY: `index` is below the number of entries of the kernel's sizes (init) that were read.
                    let key = unsafe entries.keys.loadUnaligned(fromByteOffset: index * MemoryLayout<Key>.size, as: Key.self)
                    let value = unsafe entries.values.loadUnaligned(
                        fromByteOffset: index * MemoryLayout<Value>.size, as: Value.self)
                    guard try body(key, value) else { return false }
                }
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
    }

    /// Every entry, in no order.
    package func all() throws -> [BPFMapEntry<Key, Value>] {
        var entries: [BPFMapEntry<Key, Value>] = []
        try forEach {
            entries.append(BPFMapEntry(key: $0, value: $1))
            return true
        }
        return entries
    }

    /// How many entries there are. O(entries): the kernel keeps no count.
    package func count() throws(BPFError) -> Int { try handle.count() }
}

extension BPFMapHandle {
    /// How many entries there are. O(entries): the kernel keeps no count.
    package func count() throws(BPFError) -> Int {
        var count = 0
        // SAFETY: nothing is kept of the entries.
        unsafe try walk {
            count += unsafe $0.count
            return true
        }
        return count
    }

    func deleteBatch<Key: BitwiseCopyable>(_ keys: [Key]) throws(BPFError) -> Int {
        guard !keys.isEmpty else { return 0 }
        var outcome: Result<Int, BPFError> = .success(0)
        // SAFETY: the array has `count` keys of the kernel's size (init of the owner).
        unsafe keys.withUnsafeBytes { bytes in
            guard let first = bytes.baseAddress else { return }
            outcome = Result { () throws(BPFError) in unsafe try deleteBatch(first, count: keys.count) }
        }
        return try outcome.get()
    }
}
