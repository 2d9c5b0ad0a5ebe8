internal import CBPF
internal import Glibc
internal import LinuxSystem

/// An open map, whatever its keys and values are: what is pinned, and shared between objects.
///
/// The map lives for as long as somebody has it open, a program uses it, or it is pinned.
@safe package struct BPFMapHandle: ~Copyable, Sendable {
    let descriptor: FileDescriptor
    package let shape: BPFMapShape
    /// For errors: the whole name where it is known, else the kernel's 15 bytes of it.
    package let name: String

    init(owning descriptor: consuming FileDescriptor, name: String? = nil) throws(BPFError) {
        // As in BPFProgram.
        let facts = try BPFMapShape(of: descriptor)
        let known = if let name { name } else { facts.name }
        (shape, self.name) = (facts, known)
        self.descriptor = descriptor
    }

    /// Opens a pinned map.
    ///
    /// - Throws: `.notFound`; `.wrongShape` when the pin is no map's.
    package init(opening path: String) throws(BPFError) {
        let name = path.split(separator: "/").last.map(String.init)
        try self.init(owning: try Pin.open(path, .map), name: name)
    }

    /// Creates a map that belongs to no object.
    package init(
        creating type: BPFMapType, name: String, keySize: Int, valueSize: Int, maxEntries: Int, flags: UInt32 = 0
    ) throws(BPFError) {
        var options = bpf_map_create_opts()
        options.sz = optionsSize(upTo: \bpf_map_create_opts.map_ifindex)
        options.map_flags = flags
        var log = ""
        let status = LibraryMessages.collect(into: &log) {
            // SAFETY: the name and the options live for the call.
            kernelCall { unsafe bpf_map_create(
                bpf_map_type(bpf_map_type.RawValue(type.rawValue)), name, UInt32(keySize), UInt32(valueSize),
                UInt32(maxEntries), &options) }
        }
        guard status >= 0 else { throw BPFError(status: status, doing: "create map \(name)", log: log) }
        try self.init(owning: FileDescriptor(owning: status), name: name)
    }

    /// A second owner of the same map.
    package func duplicate() throws(BPFError) -> BPFMapHandle {
        try BPFMapHandle(owning: try copy(descriptor.rawValue, "map \(name)"), name: name)
    }

    /// Gives the map a name in a bpf file system. Throws `.exists` when it is taken.
    package func pin(at path: String) throws(BPFError) { try Pin.make(descriptor, at: path, "map \(name)") }

    /// Kernel memory of the map in bytes, its elements included as far as the kernel counts them (before Linux 6.4: as
    /// they would be when all are there). Nil when /proc does not tell.
    package var memoryBytes: Int? { DescriptorFields(of: descriptor)["memlock"].flatMap { Int($0) } }

    /// Bytes of a value as the system call has it: one for each possible processor, 8-byte aligned, where it is per-CPU.
    func valueBytes() throws(BPFError) -> Int {
        guard shape.type.isPerCPU else { return shape.valueSize }
        return ((shape.valueSize + 7) & ~7) * (try Processors.possible())
    }
}

/// The machine's processors, as maps count them.
enum Processors {
    /// Those that could ever be there (/sys/devices/system/cpu/possible): the values of a per-CPU entry.
    static func possible() throws(BPFError) -> Int {
        let count = kernelCall { libbpf_num_possible_cpus() }
        guard count > 0 else { throw BPFError(status: count, doing: "count the possible processors") }
        return Int(count)
    }
}
