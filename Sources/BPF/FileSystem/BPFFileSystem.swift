internal import CBPF
internal import Glibc
internal import LinuxSystem

/// The file system whose files are names of programs, maps and links (bpffs).
package enum BPFFileSystem {
    /// Where distributions mount it.
    package static let defaultPath = "/sys/fs/bpf"

    /// Whether a path is on one. False for a path that is not there.
    package static func contains(_ path: String) throws(BPFError) -> Bool {
        // SAFETY: the C string that Swift makes of `path` lives for the call.
        let type = unsafe cbpf_file_system_type(path)
        if type >= 0 { return type == Int(BPF_FS_MAGIC) }
        let status = -errno
        guard status == -ENOENT else { throw BPFError(status: status, doing: "look at the file system of \(path)") }
        return false
    }

    /// Mounts one on a folder, for root alone, in the mount namespace of the process. A folder that is on one already is
    /// left as it is.
    ///
    /// - Returns: whether it was mounted now.
    /// - Throws: `.notFound` when the folder is not there; `.unsupported` when the kernel has none (CONFIG_BPF_SYSCALL).
    @discardableResult
    package static func mount(at path: String = defaultPath) throws(BPFError) -> Bool {
        if try contains(path) { return false }
        // SAFETY: the C strings live for the call; `data` is read as the string that it is.
        let status = kernelCall { unsafe Glibc.mount("bpf", path, "bpf", 0, "mode=0700") == 0 ? 0 : -errno }
        if status == -ENODEV {
            throw BPFError(.unsupported, doing: "mount a bpf file system at \(path)", errno: -status)
        }
        guard status == 0 else { throw BPFError(status: status, doing: "mount a bpf file system at \(path)") }
        return true
    }

    /// Unmounts what `mount` mounted; a folder that something still uses goes when that is done.
    package static func unmount(_ path: String) throws(BPFError) {
        // SAFETY: the C string that Swift makes of `path` lives for the call.
        let status = kernelCall { unsafe umount2(path, Int32(MNT_DETACH)) == 0 ? 0 : -errno }
        guard status == 0 else { throw BPFError(status: status, doing: "unmount \(path)") }
    }

    /// Makes a folder, for root alone. False when it was there.
    @discardableResult
    package static func makeFolder(_ path: String) throws(BPFError) -> Bool {
        // SAFETY: the C string that Swift makes of `path` lives for the call.
        let status = kernelCall { unsafe mkdir(path, 0o700) == 0 ? 0 : -errno }
        guard status == 0 || status == -EEXIST else { throw BPFError(status: status, doing: "make folder \(path)") }
        return status == 0
    }

    /// Removes an empty folder. False when there was none.
    @discardableResult
    package static func removeFolder(_ path: String) throws(BPFError) -> Bool {
        // SAFETY: the C string that Swift makes of `path` lives for the call.
        let status = kernelCall { unsafe rmdir(path) == 0 ? 0 : -errno }
        guard status == 0 || status == -ENOENT else { throw BPFError(status: status, doing: "remove folder \(path)") }
        return status == 0
    }

    /// Names in a folder, sorted: pins and folders. Empty for a folder that is not there.
    package static func names(in path: String) throws(BPFError) -> [String] {
        // SAFETY: the C string lives for the call; the stream is closed below, once.
        guard let folder = unsafe opendir(path) else {
            let status = -errno
            if status == -ENOENT { return [] }
            throw BPFError(status: status, doing: "list \(path)")
        }
        defer { _ = unsafe closedir(folder) }
        var names: [String] = []
        // SAFETY: the stream is open and this thread's alone; an entry is read before the next replaces it.
        while let entry = unsafe readdir(folder) { names.append(text(of: unsafe entry.pointee.d_name)) }
        return names.filter { $0 != "." && $0 != ".." }.sorted()
    }
}
