internal import Glibc
internal import LinuxSystem

/// What tells that a file is not the one that was read, nor as it was then.
struct FileStamp: Hashable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var modified: Instant
    /// Also moves when only the name or the mode changes: reading once too often is harmless.
    var changed: Instant
    var kind: Kind
    var linkCount: UInt64

    struct Instant: Hashable {
        var seconds: Int
        var nanoseconds: Int
    }

    enum Kind: Hashable {
        case file, folder, link, other
    }

    /// Which file it is, whatever is in it.
    struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    var identity: Identity { Identity(device: device, inode: inode) }

    /// - Parameter followsLinks: look at what a symbolic link points to.
    init(_ path: String, followsLinks: Bool = true) throws(Errno) {
        var info = stat()
        // SAFETY: the C string lives for the call; the kernel fills the structure.
        try syscall("stat") { unsafe followsLinks ? stat(path, &info) : lstat(path, &info) }
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
        size = Int64(info.st_size)
        modified = Instant(seconds: info.st_mtim.tv_sec, nanoseconds: info.st_mtim.tv_nsec)
        changed = Instant(seconds: info.st_ctim.tv_sec, nanoseconds: info.st_ctim.tv_nsec)
        linkCount = UInt64(info.st_nlink)
        kind =
            switch info.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .other
            }
    }
}

/// Names of the entries of a folder.
enum FolderListing {
    /// - Throws: what opendir(3) refuses with.
    static func names(_ path: String) throws(Errno) -> [String] {
        // SAFETY: the C string lives for the call.
        guard let folder = unsafe opendir(path) else { throw Errno.current }
        // SAFETY: opened above and closed once.
        defer { unsafe closedir(folder) }
        var names: [String] = []
        // SAFETY: an entry is valid until the next call of readdir; its name ends in NUL.
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The folder that the end of a chain of symbolic links lies in, nil when the chain is broken.
    static func folder(ofTarget path: String) -> String? {
        // SAFETY: the C string lives for the call; the result is ours to free.
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return parent(of: unsafe String(cString: resolved))
    }

    /// `/a` for `/a/b`, `/` for `/a`, `.` for `a`.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// `b` for `/a/b`.
    static func lastComponent(of path: String) -> String {
        String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
    }
}
