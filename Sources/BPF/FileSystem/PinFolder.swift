internal import Glibc
internal import LinuxSystem

/// A folder of pins and its lock: one process at a time has it.
///
/// The lock is on the folder itself (flock(2)), so that two daemons with file systems of their own but one bpffs meet.
/// The kernel lets go of it with the process, however that ended.
@safe package struct PinFolder: ~Copyable, Sendable {
    package let path: String
    /// Whether it was made now: nothing is there to adopt.
    package let isNew: Bool
    private let descriptor: FileDescriptor

    /// Opens the folder, which is made when it is not there, and locks it.
    ///
    /// A bpf file system is mounted at `/sys/fs/bpf` when the path is below it and none is there.
    ///
    /// - Throws: `.locked` when another process has it; `.wrongShape` when it would not be on a bpf file system.
    package init(_ path: String) throws(BPFError) {
        let doing = "use pin folder \(path)"
        try Self.requirePlace(path)
        for _ in 0..<BPFLimits.attempts {
            let isNew = try BPFFileSystem.makeFolder(path)
            // Whoever had it may remove it between these calls: then there is another by that name, or none.
            guard let descriptor = try Self.lock(path, doing), try Self.isSame(descriptor, path) else { continue }
            self.path = path
            self.isNew = isNew
            self.descriptor = descriptor
            return
        }
        throw BPFError(.busy, doing: doing, cause: "it is removed again and again")
    }

    /// Makes sure that a folder of that path would be on a bpf file system, as `init` does.
    package static func requirePlace(_ path: String) throws(BPFError) {
        if path.hasPrefix(BPFFileSystem.defaultPath + "/") { try BPFFileSystem.mount() }
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        guard try BPFFileSystem.contains(parent.isEmpty ? "/" : parent) else {
            let cause = "it is not on a bpf file system: mount -t bpf bpf \(parent)"
            throw BPFError(.wrongShape, doing: "use pin folder \(path)", cause: cause)
        }
    }

    private static func lock(_ path: String, _ doing: String) throws(BPFError) -> FileDescriptor? {
        let descriptor: FileDescriptor
        do throws(Errno) { descriptor = try FileDescriptor(opening: path, flags: O_DIRECTORY) } catch {
            if error == .noEntry { return nil }
            throw BPFError(status: -error.rawValue, doing: doing)
        }
        let raw = descriptor.rawValue
        let status = kernelCall { flock(raw, LOCK_EX | LOCK_NB) == 0 ? 0 : -errno }
        if status == -EWOULDBLOCK {
            let cause = "another fairway uses it; stop that one, or give this one a folder of its own (--ebpf-pin-path)"
            throw BPFError(.locked, doing: doing, cause: cause)
        }
        guard status == 0 else { throw BPFError(status: status, doing: doing) }
        return descriptor
    }

    private static func isSame(_ descriptor: borrowing FileDescriptor, _ path: String) throws(BPFError) -> Bool {
        var (opened, named) = (stat(), stat())
        // SAFETY: both structs are locals, and the C string lives for the call.
        guard unsafe fstat(descriptor.rawValue, &opened) == 0, unsafe stat(path, &named) == 0 else { return false }
        return opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
    }

    /// At once, and not with the last copy of the descriptor: a process that is being started has one until it executes
    /// its program.
    deinit { _ = flock(descriptor.rawValue, LOCK_UN) }

    /// Where a pin of that name is, or goes.
    package func path(of name: String) -> String { "\(path)/\(name)" }

    /// Names of the pins, sorted.
    package func names() throws(BPFError) -> [String] { try BPFFileSystem.names(in: path) }

    /// Takes a name away; the map, program or link goes when nobody else holds it. False when there was none.
    @discardableResult
    package func remove(_ name: String) throws(BPFError) -> Bool { try Pin.remove(path(of: name)) }

    /// Removes every pin and the folder, and lets go of the lock.
    package consuming func removeAll() throws(BPFError) {
        for name in try names() { try remove(name) }
        try BPFFileSystem.removeFolder(path)
    }
}
