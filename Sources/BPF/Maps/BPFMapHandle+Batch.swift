internal import CBPF
internal import Glibc
internal import LinuxSystem

/// Many entries with one system call (Linux 5.6), or one by one where the kind of map knows no batches.
extension BPFMapHandle {
    private static var options: bpf_map_batch_opts {
        var options = bpf_map_batch_opts()
        options.sz = optionsSize(upTo: \bpf_map_batch_opts.flags)
        return options
    }

    @unsafe func updateBatch(
        _ keys: UnsafeRawPointer, _ values: UnsafeRawPointer, count: Int, _ mode: BPFUpdateMode
    ) throws(BPFError) {
        // A batch knows no conditions (generic_map_update_batch: no flag but BPF_F_LOCK).
        // SAFETY: the caller's promise of `count` keys and values is handed on.
        guard mode == .any else { return unsafe try updateOneByOne(keys, values, count: count, mode) }
        var options = Self.options
        let raw = descriptor.rawValue
        var done = UInt32(count)
        // SAFETY: the caller promises `count` keys and values of the sizes that the kernel has.
        let status = kernelCall { unsafe bpf_map_update_batch(raw, keys, values, &done, &options) }
        if status >= 0 { return }
        if status == -BPFError.notSupportedByType {
            return unsafe try updateOneByOne(keys, values, count: count, mode)
        }
        throw BPFError(status: status, doing: "write to map \(name)", entry: min(Int(done), count - 1))
    }

    @unsafe private func updateOneByOne(
        _ keys: UnsafeRawPointer, _ values: UnsafeRawPointer, count: Int, _ mode: BPFUpdateMode
    ) throws(BPFError) {
        let (keySize, valueSize) = (shape.keySize, try valueBytes())
        for index in 0..<count {
            do throws(BPFError) {
                // SAFETY: `index` is below the count that the caller promises.
                unsafe try update(keys + index * keySize, values + index * valueSize, mode)
            } catch {
                throw BPFError(error.code, doing: error.doing, errno: error.errno, entry: index)
            }
        }
    }

    /// Keys that are not there are passed over. Returns how many were.
    @unsafe func deleteBatch(_ keys: UnsafeRawPointer, count: Int) throws(BPFError) -> Int {
        var (position, deleted) = (0, 0)
        let raw = descriptor.rawValue
        while position < count {
            var options = Self.options
            var done = UInt32(count - position)
            // SAFETY: the caller promises `count` keys of the size that the kernel has.
            let rest = unsafe keys + position * shape.keySize
            let status = kernelCall { unsafe bpf_map_delete_batch(raw, rest, &done, &options) }
            if status == -BPFError.notSupportedByType {
                // SAFETY: as above.
                return deleted + (unsafe try deleteOneByOne(rest, count: count - position))
            }
            deleted += Int(done)
            guard status < 0 else { return deleted }
            position += Int(done)
            guard status == -ENOENT else {
                throw BPFError(status: status, doing: "delete from map \(name)", entry: position)
            }
            position += 1
        }
        return deleted
    }

    @unsafe private func deleteOneByOne(_ keys: UnsafeRawPointer, count: Int) throws(BPFError) -> Int {
        var deleted = 0
        for index in 0..<count {
            // SAFETY: `index` is below the count that the caller promises.
            if unsafe try delete(keys + index * shape.keySize) { deleted += 1 }
        }
        return deleted
    }
}
