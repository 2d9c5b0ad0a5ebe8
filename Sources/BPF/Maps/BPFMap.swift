/// A map with one value for each key, whose layout both sides know.
///
/// `Key` and `Value` are as they lie in memory: structs of C, or integers, without padding (else two equal keys could
/// differ in bytes nobody sees). Calls go to the kernel and return soon, but block: not for the cooperative pool.
@safe package struct BPFMap<Key: BitwiseCopyable, Value: BitwiseCopyable>: ~Copyable, Sendable {
    /// The map without its types.
    package let handle: BPFMapHandle

    /// - Throws: `.wrongShape` when the kernel's sizes are others, or the map is per-CPU.
    package init(_ handle: consuming BPFMapHandle) throws(BPFError) {
        try handle.check(Key.self, Value.self, isPerCPU: false)
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

extension BPFMapHandle {
    func check<Key, Value>(_ key: Key.Type, _ value: Value.Type, isPerCPU: Bool) throws(BPFError) {
        let doing = "use map \(name) for \(Key.self) and \(Value.self)"
        guard shape.type.isPerCPU == isPerCPU else {
            throw BPFError(.wrongShape, doing: doing, cause: isPerCPU ? "it is not per-CPU" : "it is per-CPU")
        }
        try Self.check(key, shape.keySize, "keys", doing)
        try Self.check(value, shape.valueSize, "values", doing)
    }

    private static func check<T>(_ type: T.Type, _ bytes: Int, _ what: String, _ doing: String) throws(BPFError) {
        guard MemoryLayout<T>.size == bytes, MemoryLayout<T>.stride == bytes else {
            let cause = "its \(what) have \(bytes) bytes, not \(MemoryLayout<T>.size)"
            throw BPFError(.wrongShape, doing: doing, cause: cause)
        }
    }
}

extension BPFMap {
    /// The value of a key, nil when it is not there. Of a longest prefix match: of the longest prefix that covers it.
    package func lookup(_ key: Key) throws(BPFError) -> Value? {
        var found: Result<Value?, BPFError> = .success(nil)
        // SAFETY: key and value are of the kernel's sizes (init); the value is read only when the kernel wrote it.
        unsafe withUnsafePointer(to: key) { key in
            unsafe withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { buffer in
                guard let value = buffer.baseAddress else { return }
                found = Result { () throws(BPFError) in
                    unsafe try handle.lookup(key, into: value) ? value.pointee : nil
                }
            }
        }
        return try found.get()
    }

    /// - Throws: `.exists`, `.notFound` by the mode; `.full`.
    package func update(_ key: Key, _ value: Value, _ mode: BPFUpdateMode = .any) throws(BPFError) {
        // SAFETY: key and value are of the kernel's sizes (init).
        unsafe try withUnsafePointer(to: key) { key throws(BPFError) in
            unsafe try withUnsafePointer(to: value) { value throws(BPFError) in
                unsafe try handle.update(key, value, mode)
            }
        }
    }

    /// False when it was not there.
    @discardableResult
    package func delete(_ key: Key) throws(BPFError) -> Bool {
        // SAFETY: the key is of the kernel's size (init).
        unsafe try withUnsafePointer(to: key) { key throws(BPFError) in unsafe try handle.delete(key) }
    }

    /// The key after this one in the kernel's order, the first for nil; nil at the end. After a key that is not there
    /// (any more) it begins anew.
    package func key(after key: Key?) throws(BPFError) -> Key? { try handle.key(after: key) }
}

extension BPFMapHandle {
    func key<Key: BitwiseCopyable>(after key: Key?) throws(BPFError) -> Key? {
        var found: Result<Key?, BPFError> = .success(nil)
        // SAFETY: keys are of the kernel's size (init of the owner); the next is read only when the kernel wrote it.
        unsafe withUnsafeTemporaryAllocation(of: Key.self, capacity: 2) { buffer in
            guard let first = buffer.baseAddress else { return }
            if let key { unsafe first.initialize(to: key) }
            found = Result { () throws(BPFError) in
                unsafe try nextKey(after: key == nil ? nil : first, into: first + 1) ? (first + 1).pointee : nil
            }
        }
        return try found.get()
    }
}
