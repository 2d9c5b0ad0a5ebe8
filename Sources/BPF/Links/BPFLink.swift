internal import CBPF
internal import Glibc
internal import LinuxSystem

/// What the kernel says of a link to a cgroup (struct bpf_link_info of linux/bpf.h).
package struct BPFLinkIdentity: Sendable, Hashable {
    package let id: UInt32
    package let programID: UInt32
    /// The inode of the cgroup's folder; 0 of a link that was detached, or whose cgroup is gone.
    package let cgroupID: UInt64
    package let attachType: BPFAttachType
}

/// A program's attachment to a cgroup: it holds for as long as the link is open or pinned, and is not detached.
///
/// Other programs on the same cgroup, or on those above and below, run too.
@safe package struct BPFLink: ~Copyable, Sendable {
    let descriptor: FileDescriptor

    private init(owning descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// Attaches a program to the cgroup (version 2) of a folder, and those below it.
    ///
    /// - Parameter type: as the program's section says, unless stated. A program that was pinned does not know it.
    package init(
        attaching program: borrowing BPFProgram, toCgroup path: String, as type: BPFAttachType? = nil
    ) throws(BPFError) {
        let doing = "attach program \(program.name) to cgroup \(path)"
        guard let type = type ?? program.attachType else {
            throw BPFError(.invalidObject, doing: doing, cause: "nothing says where it belongs")
        }
        let folder: FileDescriptor
        do throws(Errno) { folder = try FileDescriptor(opening: path, flags: O_DIRECTORY) } catch {
            throw BPFError(status: -error.rawValue, doing: doing)
        }
        let (group, raw) = (folder.rawValue, program.descriptor.rawValue)
        var log = ""
        let status = LibraryMessages.collect(into: &log) {
            kernelCall { bpf_link_create(raw, group, type.raw, nil) }
        }
        guard status >= 0 else { throw BPFError(status: status, doing: "\(doing) as \(type)", log: log) }
        self.init(owning: FileDescriptor(owning: status))
    }

    /// Opens a pinned link.
    ///
    /// - Throws: `.notFound`; `.wrongShape` when the pin is no link's.
    package init(opening path: String) throws(BPFError) { self.init(owning: try Pin.open(path, .link)) }

    /// Gives the link a name in a bpf file system, so that it outlives this process. Throws `.exists` when it is taken.
    package func pin(at path: String) throws(BPFError) { try Pin.make(descriptor, at: path, "link") }

    /// Replaces the program: every call sees the old one or the new one.
    package func update(to program: borrowing BPFProgram) throws(BPFError) {
        let (link, raw) = (descriptor.rawValue, program.descriptor.rawValue)
        let status = kernelCall { bpf_link_update(link, raw, nil) }
        guard status >= 0 else { throw BPFError(status: status, doing: "replace by program \(program.name)") }
    }

    /// Ends the attachment, whoever else has the link open (Linux 5.9). The pin stays until it is removed.
    package func detach() throws(BPFError) {
        let link = descriptor.rawValue
        let status = kernelCall { bpf_link_detach(link) }
        guard status >= 0 else { throw BPFError(status: status, doing: "detach link") }
    }

    package func identity() throws(BPFError) -> BPFLinkIdentity {
        var facts = bpf_link_info()
        var length = UInt32(MemoryLayout<bpf_link_info>.size)
        let raw = descriptor.rawValue
        // SAFETY: the kernel writes at most `length` bytes, the size of the local, during the call.
        let status = unsafe withUnsafeMutablePointer(to: &facts) { pointer in
            kernelCall { unsafe bpf_obj_get_info_by_fd(raw, pointer, &length) }
        }
        guard status >= 0 else { throw BPFError(status: status, doing: "ask for the identity of a link") }
        guard facts.type == UInt32(BPF_LINK_TYPE_CGROUP.rawValue) else {
            throw BPFError(.wrongShape, doing: "ask for the identity of a link", cause: "it is no cgroup's")
        }
        // The type says that this member of the union is the one that was written.
        let cgroup = facts.cgroup
        return BPFLinkIdentity(
            id: facts.id, programID: facts.prog_id, cgroupID: cgroup.cgroup_id,
            attachType: BPFAttachType(rawValue: cgroup.attach_type))
    }
}
