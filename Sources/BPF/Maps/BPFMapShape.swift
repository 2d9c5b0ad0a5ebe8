internal import CBPF
internal import Glibc
internal import LinuxSystem

/// Kinds of map (enum bpf_map_type of linux/bpf.h).
package struct BPFMapType: Sendable, Hashable, RawRepresentable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let hash = BPFMapType(BPF_MAP_TYPE_HASH)
    package static let array = BPFMapType(BPF_MAP_TYPE_ARRAY)
    package static let perCPUHash = BPFMapType(BPF_MAP_TYPE_PERCPU_HASH)
    package static let perCPUArray = BPFMapType(BPF_MAP_TYPE_PERCPU_ARRAY)
    package static let lruHash = BPFMapType(BPF_MAP_TYPE_LRU_HASH)
    package static let lruPerCPUHash = BPFMapType(BPF_MAP_TYPE_LRU_PERCPU_HASH)
    package static let longestPrefixMatch = BPFMapType(BPF_MAP_TYPE_LPM_TRIE)

    private init(_ type: bpf_map_type) { rawValue = UInt32(type.rawValue) }

    /// Whether each entry has a value for each processor.
    package var isPerCPU: Bool { [.perCPUHash, .perCPUArray, .lruPerCPUHash].contains(self) }
}

/// What the kernel says of a map (struct bpf_map_info of linux/bpf.h).
package struct BPFMapShape: Sendable, Hashable {
    package let type: BPFMapType
    /// The kernel's number for the map, unique for as long as it lives.
    package let id: UInt32
    /// At most 15 bytes of the name it was created with.
    package let name: String
    /// In bytes.
    package let keySize: Int
    /// In bytes; of a per-CPU map the value of one processor.
    package let valueSize: Int
    package let maxEntries: Int
    /// BPF_F_* of linux/bpf.h.
    package let flags: UInt32

    init(of descriptor: borrowing FileDescriptor) throws(BPFError) {
        var facts = bpf_map_info()
        var length = UInt32(MemoryLayout<bpf_map_info>.size)
        let raw = descriptor.rawValue
        // SAFETY: the kernel writes at most `length` bytes, the size of the local, during the call.
        let status = unsafe withUnsafeMutablePointer(to: &facts) { pointer in
            kernelCall { unsafe bpf_obj_get_info_by_fd(raw, pointer, &length) }
        }
        guard status >= 0 else { throw BPFError(status: status, doing: "ask for the shape of a map") }
        type = BPFMapType(rawValue: facts.type)
        id = facts.id
        name = text(of: facts.name)
        (keySize, valueSize) = (Int(facts.key_size), Int(facts.value_size))
        (maxEntries, flags) = (Int(facts.max_entries), facts.map_flags)
    }
}

/// The characters of a C array, up to its NUL.
func text<Characters: BitwiseCopyable>(of characters: Characters) -> String {
    // SAFETY: the bytes are read inside the closure, and an array of char has no padding.
    unsafe withUnsafeBytes(of: characters) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
