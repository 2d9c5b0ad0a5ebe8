internal import CBPF
internal import Glibc
internal import LinuxSystem

/// What the kernel says of a program (struct bpf_prog_info of linux/bpf.h).
package struct BPFProgramIdentity: Sendable, Hashable {
    /// The kernel's number for the program, unique for as long as it lives.
    package let id: UInt32
    /// Hexadecimal digest of its instructions.
    package let tag: String
    /// At most 15 bytes of its C function's name.
    package let name: String
    /// BPF_PROG_TYPE_* of linux/bpf.h.
    package let type: UInt32
    /// Instructions that the verifier walked through (of at most a million); 0 before Linux 5.16.
    package let verifiedInstructionCount: Int

    init(of descriptor: borrowing FileDescriptor) throws(BPFError) {
        var facts = bpf_prog_info()
        var length = UInt32(MemoryLayout<bpf_prog_info>.size)
        let raw = descriptor.rawValue
        // SAFETY: the kernel writes at most `length` bytes, the size of the local, during the call.
        let status = unsafe withUnsafeMutablePointer(to: &facts) { pointer in
            kernelCall { unsafe bpf_obj_get_info_by_fd(raw, pointer, &length) }
        }
        guard status >= 0 else { throw BPFError(status: status, doing: "ask for the identity of a program") }
        (id, type) = (facts.id, facts.type)
        name = text(of: facts.name)
        // SAFETY: the eight bytes of the tag are read inside the closure.
        tag = unsafe withUnsafeBytes(of: facts.tag) { unsafe $0.map(Self.hexadecimal).joined() }
        verifiedInstructionCount = Int(facts.verified_insns)
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    /// Of a loaded program by its number; nil when there is none.
    package init?(id: UInt32) throws(BPFError) {
        let status = kernelCall { bpf_prog_get_fd_by_id(id) }
        if status == -ENOENT { return nil }
        guard status >= 0 else { throw BPFError(status: status, doing: "open program \(id)") }
        try self.init(of: FileDescriptor(owning: status))
    }
}

/// A loaded program: it lives for as long as somebody has it open, it is attached, or it is pinned.
@safe package struct BPFProgram: ~Copyable, Sendable {
    let descriptor: FileDescriptor
    /// The whole name where it is known, else the kernel's 15 bytes of it.
    package let name: String
    package let identity: BPFProgramIdentity
    /// What its section says it is for; nil of a program that was pinned.
    package let attachType: BPFAttachType?

    init(
        owning descriptor: consuming FileDescriptor, name: String? = nil, attachType: BPFAttachType? = nil
    ) throws(BPFError) {
        // All at the end, and without an autoclosure over what is half made: of `name ?? identity.name`, Swift 6.3's optimiser
        // releases a string that is not there.
        let facts = try BPFProgramIdentity(of: descriptor)
        let known = if let name { name } else { facts.name }
        (identity, self.name, self.attachType) = (facts, known, attachType)
        self.descriptor = descriptor
    }

    /// Opens a pinned program.
    ///
    /// - Throws: `.notFound`; `.wrongShape` when the pin is no program's.
    package init(opening path: String) throws(BPFError) { try self.init(owning: try Pin.open(path, .program)) }

    /// Gives the program a name in a bpf file system. Throws `.exists` when it is taken.
    package func pin(at path: String) throws(BPFError) { try Pin.make(descriptor, at: path, "program \(name)") }

    /// A second owner of the same program.
    package func duplicate() throws(BPFError) -> BPFProgram {
        try BPFProgram(
            owning: try copy(descriptor.rawValue, "program \(name)"), name: name, attachType: attachType)
    }
}
