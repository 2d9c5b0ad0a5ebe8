/// A map with a value for each processor behind each key: counters that nobody waits for.
@safe package struct BPFPerCPUMap<Key: BitwiseCopyable, Value: BitwiseCopyable>: ~Copyable, Sendable {
    /// The map without its types.
    package let handle: BPFMapHandle
    /// Values behind each key.
    package let processorCount: Int
    /// From one processor's value to the next one's.
    private let stride: Int

    /// - Throws: `.wrongShape` when the kernel's sizes are others, or the map is not per-CPU.
    package init(_ handle: consuming BPFMapHandle) throws(BPFError) {
        try handle.check(Key.self, Value.self, isPerCPU: true)
        processorCount = try Processors.possible()
        stride = (MemoryLayout<Value>.size + 7) & ~7
        self.handle = handle
    }

    /// Opens a pinned map.
    ///
    /// - Throws: `.notFound`; `.wrongShape`.
    package init(opening path: String) throws(BPFError) { try self.init(try BPFMapHandle(opening: path)) }

    /// Creates a map that belongs to no object.
    package init(creating type: BPFMapType, name: String, maxEntries: Int, flags: UInt32 = 0) throws(BPFError) {
        try self.init(
            try BPFMapHandle(
                creating: type, name: name, keySize: MemoryLayout<Key>.size, valueSize: MemoryLayout<Value>.size,
                maxEntries: maxEntries, flags: flags))
    }

    package var shape: BPFMapShape { handle.shape }
    package var name: String { handle.name }

    /// Gives the map a name in a bpf file system. Throws `.exists` when it is taken.
    package func pin(at path: String) throws(BPFError) { try handle.pin(at: path) }
}

extension BPFPerCPUMap {
    /// The values of a key, one for each processor; nil when it is not there.
    package func lookup(_ key: Key) throws(BPFError) -> [Value]? {
        var bytes = [UInt8](repeating: 0, count: stride * processorCount)
        var found: Result<Bool, BPFError> = .success(false)
        // SAFETY: the key is of the kernel's size (init), and there is room for a value of each processor.
        unsafe withUnsafePointer(to: key) { key in
            unsafe bytes.withUnsafeMutableBytes { buffer in
                guard let values = buffer.baseAddress else { return }
                found = Result { () throws(BPFError) in unsafe try handle.lookup(key, into: values) }
            }
        }
        guard try found.get() else { return nil }
        // SAFETY: the bytes are of one entry, which the kernel wrote.
        return unsafe bytes.withUnsafeBytes { unsafe values(at: $0.baseAddress) }
    }

    /// Gives every processor the same value, as zero.
    package func update(_ key: Key, _ value: Value, _ mode: BPFUpdateMode = .any) throws(BPFError) {
        try updateBatch([key], value, mode)
    }

    /// Gives every processor the same value, for many keys with one system call.
    package func updateBatch(_ keys: [Key], _ value: Value, _ mode: BPFUpdateMode = .any) throws(BPFError) {
        guard !keys.isEmpty else { return }
        var values = [UInt8](repeating: 0, count: stride * processorCount * keys.count)
        var outcome: Result<Void, BPFError> = .success(())
        // SAFETY: the offsets end within the array, the values are of the kernel's layout, the keys of its size (init).
        unsafe values.withUnsafeMutableBytes { buffer in
            for index in 0..<processorCount * keys.count {
                unsafe buffer.storeBytes(of: value, toByteOffset: index * stride, as: Value.self)
            }
            unsafe keys.withUnsafeBytes { keyBytes in
                guard let first = keyBytes.baseAddress, let value = buffer.baseAddress else { return }
                outcome = Result { () throws(BPFError) in
                    unsafe try handle.updateBatch(first, value, count: keys.count, mode)
                }
            }
        }
        try outcome.get()
    }

    /// False when it was not there.
    @discardableResult
    package func delete(_ key: Key) throws(BPFError) -> Bool { try handle.deleteBatch([key]) == 1 }

    /// Deletes many entries with one system call; those that are not there are passed over. Returns how many were.
    @discardableResult
    package func deleteBatch(_ keys: [Key]) throws(BPFError) -> Int { try handle.deleteBatch(keys) }

    /// The key after this one in the kernel's order, the first for nil; nil at the end.
    package func key(after key: Key?) throws(BPFError) -> Key? { try handle.key(after: key) }

    /// Hands every entry to `body`, which may return false to stop, with a value for each processor.
    package func forEach(_ body: (Key, [Value]) throws -> Bool) throws {
        var failure: (any Error)?
        // SAFETY: the entries are read inside the closure.
        unsafe try handle.walk { entries in
            do {
                for index in 0..<(unsafe entries.count) {
                    // SAFETY: `index` is below the number of entries of the kernel's sizes (init) that were read.
                    let key = unsafe entries.keys.loadUnaligned(fromByteOffset: index * MemoryLayout<Key>.size, as: Key.self)
                    let values = unsafe values(at: UnsafeRawPointer(entries.values + index * stride * processorCount))
                    guard try body(key, values) else { return false }
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
    package func all() throws -> [BPFMapEntry<Key, [Value]>] {
        var entries: [BPFMapEntry<Key, [Value]>] = []
        try forEach {
            entries.append(BPFMapEntry(key: $0, value: $1))
            return true
        }
        return entries
    }

    /// How many entries there are. O(entries).
    package func count() throws(BPFError) -> Int { try handle.count() }

    @unsafe private func values(at bytes: UnsafeRawPointer?) -> [Value] {
        // SAFETY: the caller promises a value of each processor there.
        guard let bytes = unsafe bytes else { return [] }
        return (0..<processorCount).map {
            unsafe bytes.loadUnaligned(fromByteOffset: $0 * stride, as: Value.self)
        }
    }
}

extension BPFPerCPUMap where Value: FixedWidthInteger {
    /// The sum over all processors; nil when the key is not there.
    package func sum(_ key: Key) throws(BPFError) -> Value? { try lookup(key)?.reduce(0, &+) }
}
