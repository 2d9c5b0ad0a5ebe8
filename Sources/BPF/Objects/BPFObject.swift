internal import CBPF
internal import Glibc
internal import LinuxSystem

/// An object file of programs and maps (libbpf's bpf_object): opened, changed, then loaded into the kernel.
///
/// Maps and programs that are taken from a loaded object live on without it. What was not taken, nor is used by what was,
/// goes with the object.
@safe package struct BPFObject: ~Copyable {
    let pointer: OpaquePointer
    /// For errors, and the name that tools show.
    package let name: String
    package private(set) var isLoaded = false

    /// Reads an ELF object, without asking the kernel for anything yet.
    ///
    /// - Throws: `.invalidObject` and others, with libbpf's messages as the log.
    package init(_ bytes: [UInt8], name: String) throws(BPFError) {
        // SAFETY: all pointers in it are NULL until the call.
        var options = unsafe bpf_object_open_opts()
        unsafe options.sz = unsafe optionsSize(upTo: \bpf_object_open_opts.kernel_log_level)
        var log = ""
        var status: Int32 = 0
        // SAFETY: libbpf takes copies of the name and of what it needs of the bytes, and is done with both at the end.
        let opened: OpaquePointer? = unsafe LibraryMessages.collect(into: &log) {
            unsafe name.withCString { name in
                unsafe options.object_name = name
                return unsafe bytes.withUnsafeBytes { bytes in
                    let opened = unsafe bpf_object__open_mem(bytes.baseAddress, bytes.count, &options)
                    status = -errno
                    return unsafe opened
                }
            }
        }
        // SAFETY: from here on this is the only owner.
        guard let pointer = unsafe opened else {
            throw BPFError(.invalidObject, doing: "open object \(name)", errno: -status, cause: Self.firstLine(log), log: log)
        }
        unsafe self.pointer = pointer
        self.name = name
    }

    deinit {
        // SAFETY: this is the only owner, and nothing uses the object afterwards.
        unsafe bpf_object__close(pointer)
    }

    /// Creates the maps that are not somebody's already, and has the kernel verify and load the programs.
    ///
    /// Before Linux 5.11, which counts the memory to the cgroup, libbpf raises RLIMIT_MEMLOCK for it first.
    ///
    /// - Throws: `.rejected` with the verifier's log; `.unsupported`; `.permission`. The object is then of no more use.
    package mutating func load() throws(BPFError) {
        precondition(!isLoaded, "an object is loaded once")
        var log = ""
        // SAFETY: the object is open and not loaded.
        let status = LibraryMessages.collect(into: &log) { unsafe bpf_object__load(pointer) }
        guard status >= 0 else { throw Self.loadError(status, name, log) }
        isLoaded = true
    }

    private static func loadError(_ status: Int32, _ name: String, _ log: String) -> BPFError {
        let program = log.split(separator: "\n").lazy.compactMap(programThatFailed).first
        let doing = program.map { "load program \($0) of object \(name)" } ?? "load object \(name)"
        let verifier = LibraryMessages.cause(in: log)
        let code = LibraryMessages.isVerifiers(log) ? .rejected : BPFError.Code(errno: -status)
        return BPFError(code, doing: doing, errno: -status, cause: verifier ?? firstLine(log), log: log)
    }

    /// libbpf's `prog 'NAME': BPF program load failed: ...`.
    private static func programThatFailed(_ line: Substring) -> Substring? {
        let parts = line.split(separator: "'", maxSplits: 2)
        guard parts.count == 3, parts[0] == "libbpf: prog ", parts[2].contains("load failed") else { return nil }
        return parts[1]
    }

    private static func firstLine(_ log: String) -> String? {
        log.split(separator: "\n").first.map { $0.hasPrefix("libbpf: ") ? String($0.dropFirst(8)) : String($0) }
    }

    func error(_ doing: String, _ cause: String) -> BPFError { BPFError(.invalidObject, doing: doing, cause: cause) }
}
