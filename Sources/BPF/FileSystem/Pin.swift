internal import CBPF
internal import Glibc
internal import LinuxSystem

/// What a pinned descriptor can stand for, by the field of its /proc/self/fdinfo file that tells it.
enum PinnedKind: String {
    case map = "map_type"
    case program = "prog_type"
    case link = "link_type"
}

/// Names of kernel objects in a bpf file system, which keep them alive without a process.
enum Pin {
    /// - Throws: `.exists` when the name is taken.
    static func make(_ descriptor: borrowing FileDescriptor, at path: String, _ what: String) throws(BPFError) {
        let raw = descriptor.rawValue
        var log = ""
        // SAFETY: the C string that Swift makes of `path` lives for the call.
        let status = LibraryMessages.collect(into: &log) { kernelCall { unsafe bpf_obj_pin(raw, path) } }
        guard status >= 0 else { throw BPFError(status: status, doing: "pin \(what) at \(path)", log: log) }
    }

    /// - Throws: `.notFound`; `.wrongShape` when it is something else.
    static func open(_ path: String, _ kind: PinnedKind) throws(BPFError) -> FileDescriptor {
        let doing = "open pin \(path)"
        // SAFETY: the C string that Swift makes of `path` lives for the call.
        let status = kernelCall { unsafe bpf_obj_get(path) }
        guard status >= 0 else { throw BPFError(status: status, doing: doing) }
        let descriptor = FileDescriptor(owning: status)
        guard DescriptorFields(of: descriptor)[kind.rawValue] != nil else {
            throw BPFError(.wrongShape, doing: doing, cause: "it has no \(kind.rawValue)")
        }
        return descriptor
    }

    /// Takes the name away; the object goes when nobody else holds it. False when there was none.
    @discardableResult
    static func remove(_ path: String) throws(BPFError) -> Bool {
        // SAFETY: the C string that Swift makes of `path` lives for the call.
        let status = kernelCall { unsafe unlink(path) == 0 ? 0 : -errno }
        guard status == 0 || status == -ENOENT else { throw BPFError(status: status, doing: "remove pin \(path)") }
        return status == 0
    }
}

/// What /proc says of a descriptor (proc(5), fdinfo), by name.
struct DescriptorFields {
    private let text: String

    init(of descriptor: borrowing FileDescriptor) {
        let file = try? FileDescriptor(opening: "/proc/self/fdinfo/\(descriptor.rawValue)")
        text = String(decoding: (try? file?.readAll()) ?? [], as: UTF8.self)
    }

    subscript(name: String) -> Substring? {
        text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
            .map { $0.dropFirst(name.utf8.count + 1).drop { $0 == "\t" || $0 == " " } }
    }
}

/// A copy of the descriptor that its owner may close; running out of descriptors is an error like another.
func copy(_ descriptor: Int32, _ what: String) throws(BPFError) -> FileDescriptor {
    // SAFETY: no pointer is involved.
    let status = kernelCall { 
        let raw = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        return raw >= 0 ? raw : -errno
    }
    guard status >= 0 else { throw BPFError(status: status, doing: "keep \(what)") }
    return FileDescriptor(owning: status)
}
