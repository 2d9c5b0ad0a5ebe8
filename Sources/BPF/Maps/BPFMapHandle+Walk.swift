internal import CBPF
internal import Glibc
internal import LinuxSystem

/// Entries that one step of a walk has read, as the kernel writes them; valid for the step.
@unsafe struct WalkedEntries {
    let keys: UnsafeMutableRawPointer
    let values: UnsafeMutableRawPointer
    var count: Int
}

extension BPFMapHandle {
    /// Hands every entry to `body`, many at a time, until it returns false.
    ///
    /// An entry that comes or goes meanwhile is seen or not; of a hash map no other one is missed or seen twice.
    @unsafe func walk(usingBatches: Bool = true, _ body: (WalkedEntries) -> Bool) throws(BPFError) {
        var capacity = min(BPFLimits.entriesPerRead, max(shape.maxEntries, 1))
        var position: [UInt8]?
        let valueSize = try valueBytes()
        // SAFETY: the body keeps nothing of the entries, which is its promise.
        guard usingBatches else { return unsafe try walkOneByOne(body) }
        while true {
            // SAFETY: both are freed at the end of this turn, once, and nobody keeps them.
            let keys = UnsafeMutableRawPointer.allocate(byteCount: capacity * shape.keySize, alignment: 8)
            let values = UnsafeMutableRawPointer.allocate(byteCount: capacity * valueSize, alignment: 8)
            defer {
                unsafe keys.deallocate()
                unsafe values.deallocate()
            }
            // SAFETY: there is room for `capacity` entries in both.
            var entries = unsafe WalkedEntries(keys: keys, values: values, count: capacity)
            let status = unsafe readBatch(&position, &entries)
            switch status {
            case 0: guard unsafe body(entries) else { return }
            case -ENOENT:
                if unsafe entries.count > 0 { _ = unsafe body(entries) }
                return
            case -ENOSPC where capacity < BPFLimits.entriesPerBucket: capacity *= 2
            case -BPFError.notSupportedByType: return unsafe try walkOneByOne(body)
            default: throw BPFError(status: status, doing: "read map \(name)")
            }
        }
    }

    /// Reads from `position` (nil: the beginning) and moves it on.
    @unsafe private func readBatch(_ position: inout [UInt8]?, _ entries: inout WalkedEntries) -> Int32 {
        var options = bpf_map_batch_opts()
        options.sz = optionsSize(upTo: \bpf_map_batch_opts.flags)
        // SAFETY: reads a count.
        var count = UInt32(unsafe entries.count)
        // Of a hash map the number of a bucket, of others a key.
        var next = [UInt8](repeating: 0, count: max(shape.keySize, 8))
        var start = position ?? next
        let isFirst = position == nil
        let raw = descriptor.rawValue
        // SAFETY: the positions have room for a key or a bucket, the entries for as many as they say.
        let status = unsafe start.withUnsafeMutableBytes { from in
            unsafe next.withUnsafeMutableBytes { to in
                kernelCall {
                    unsafe bpf_map_lookup_batch(
                        raw, isFirst ? nil : from.baseAddress, to.baseAddress, entries.keys, entries.values, &count,
                        &options)
                }
            }
        }
        unsafe entries.count = Int(count)
        // With ENOSPC nothing was read: the same place again, with more room.
        if status == 0 { position = next }
        return status
    }

    /// For kinds without batches. When an entry is deleted under it, it may begin anew: no more steps than entries.
    @unsafe private func walkOneByOne(_ body: (WalkedEntries) -> Bool) throws(BPFError) {
        let valueSize = try valueBytes()
        // SAFETY: freed at the end, once, and nobody keeps them: room for a key each, and for a value.
        var key = UnsafeMutableRawPointer.allocate(byteCount: shape.keySize, alignment: 8)
        var next = UnsafeMutableRawPointer.allocate(byteCount: shape.keySize, alignment: 8)
        let value = UnsafeMutableRawPointer.allocate(byteCount: valueSize, alignment: 8)
        defer {
            unsafe key.deallocate()
            unsafe next.deallocate()
            unsafe value.deallocate()
        }
        for step in 0..<shape.maxEntries {
            // SAFETY: as above.
            guard unsafe try nextKey(after: step == 0 ? nil : key, into: next) else { return }
            unsafe swap(&key, &next)
            guard unsafe try lookup(key, into: value) else { continue }
            guard unsafe body(WalkedEntries(keys: key, values: value, count: 1)) else { return }
        }
    }
}
