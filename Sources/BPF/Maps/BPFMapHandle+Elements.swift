internal import CBPF
internal import Glibc
internal import LinuxSystem

/// When an update is right (flags of bpf_map_update_elem).
package enum BPFUpdateMode: Sendable, Hashable {
    /// Whether the key is there or not.
    case any
    /// Only a new key; else `.exists`.
    case noExist
    /// Only a key that is there; else `.notFound`.
    case exist

    var flags: UInt64 {
        switch self {
        case .any: UInt64(BPF_ANY)
        case .noExist: UInt64(BPF_NOEXIST)
        case .exist: UInt64(BPF_EXIST)
        }
    }
}

/// Single entries. Keys are of `shape.keySize` bytes and values of `valueBytes()`: the typed owners see to that.
extension BPFMapHandle {
    @unsafe func lookup(_ key: UnsafeRawPointer, into value: UnsafeMutableRawPointer) throws(BPFError) -> Bool {
        let raw = descriptor.rawValue
        // SAFETY: the caller promises the sizes that the kernel has.
        let status = kernelCall { unsafe bpf_map_lookup_elem(raw, key, value) }
        if status == -ENOENT { return false }
        guard status >= 0 else { throw BPFError(status: status, doing: "look up in map \(name)") }
        return true
    }

    @unsafe func update(
        _ key: UnsafeRawPointer, _ value: UnsafeRawPointer, _ mode: BPFUpdateMode
    ) throws(BPFError) {
        let raw = descriptor.rawValue
        // SAFETY: the caller promises the sizes that the kernel has.
        let status = kernelCall { unsafe bpf_map_update_elem(raw, key, value, mode.flags) }
        guard status >= 0 else { throw BPFError(status: status, doing: "write to map \(name)") }
    }

    @unsafe func delete(_ key: UnsafeRawPointer) throws(BPFError) -> Bool {
        let raw = descriptor.rawValue
        // SAFETY: the caller promises the size that the kernel has.
        let status = kernelCall { unsafe bpf_map_delete_elem(raw, key) }
        if status == -ENOENT { return false }
        guard status >= 0 else { throw BPFError(status: status, doing: "delete from map \(name)") }
        return true
    }

    /// The key after `key`, or the first: false at the end.
    @unsafe func nextKey(after key: UnsafeRawPointer?, into next: UnsafeMutableRawPointer) throws(BPFError) -> Bool {
        let raw = descriptor.rawValue
        // SAFETY: the caller promises the size that the kernel has.
        let status = kernelCall { unsafe bpf_map_get_next_key(raw, key, next) }
        if status == -ENOENT { return false }
        guard status >= 0 else { throw BPFError(status: status, doing: "read the keys of map \(name)") }
        return true
    }
}
