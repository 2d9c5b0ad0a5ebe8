internal import Glibc
internal import LinuxSystem

/// What every file of the state folder has in common: it is replaced whole or not at all, and kept when it is damaged.
enum StateFolderFile {
    /// Writes the file anew beside the old one and renames it over that; both it and the folder are on the disk then.
    static func replace(
        _ path: String, in directory: String, mode: UInt32, _ write: (borrowing FileDescriptor) throws(Errno) -> Void
    ) throws(Errno) {
        let temporary = path + ".new"
        let file = try FileDescriptor(opening: temporary, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
        try write(file)
        try syscall("fsync") { fsync(file.rawValue) }
        // SAFETY: the C strings live for the call.
        try syscall("rename") { unsafe rename(temporary, path) }
        let folder = try FileDescriptor(opening: directory, flags: O_RDONLY | O_DIRECTORY)
        try syscall("fsync") { fsync(folder.rawValue) }
    }

    /// A file's bytes, at most `limit`; nil where the path is no file: a pipe, say, at which a reader would wait for ever.
    static func read(_ path: String, limit: Int) throws(Errno) -> [UInt8]? {
        let file = try FileDescriptor(opening: path, flags: O_RDONLY | O_NONBLOCK)
        guard try FileStamp(path).kind == .file else { return nil }
        return try file.readAll(limit: limit)
    }

    /// Renames a file to `PATH.damaged-N`; of the last name there is only the newest.
    ///
    /// - Returns: a line for the operator, with what follows from it where the file could be renamed.
    static func setAside(_ path: String, reason: String, limit: Int, consequence: String) -> String {
        var target = path
        for number in 1...limit {
            target = "\(path).damaged-\(number)"
            // SAFETY: the C string lives for the call.
            if unsafe access(target, F_OK) != 0 { break }
        }
        // SAFETY: the C strings live for the call.
        let result = unsafe rename(path, target)
        return result == 0
            ? "\(path): \(reason), set aside as \(target): \(consequence)"
            : "\(path): \(reason), and cannot be renamed to \(target): \(Errno.current)"
    }
}
