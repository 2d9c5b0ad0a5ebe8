import Glibc

/// Kernel settings below /proc/sys, by dotted name (sysctl(8)), such as `net.ipv4.ip_forward`.
///
/// What lies below `net` belongs to the network namespace of the calling thread.
package struct Sysctl: Sendable, Hashable {
    /// The folder that stands for /proc/sys.
    package let root: String

    package init(root: String = "/proc/sys") { self.root = root }

    /// A value without the line end.
    ///
    /// - Parameter room: bytes that the value has at most.
    package func read(_ name: String, room: Int = SettingFile.valueBytes) throws(SysctlError) -> String {
        try SettingFile(name: name, path: path(name)).read(room: room)
    }

    /// A value that is one decimal number.
    ///
    /// - Throws: also `.notANumber`.
    package func readInteger(_ name: String) throws(SysctlError) -> Int {
        try SettingFile(name: name, path: path(name)).readInteger()
    }

    package func write(_ value: String, to name: String) throws(SysctlError) {
        try SettingFile(name: name, path: path(name)).write(value)
    }

    /// The file of a setting. As sysctl(8) has it, `/` in a name stands for a dot of its file's name:
    /// `net.ipv4.conf.eth0/5.rp_filter` is the interface `eth0.5`.
    ///
    /// - Throws: `.invalidName` for a name that would leave the folder.
    package func path(_ name: String) throws(SysctlError) -> String {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ part in !part.isEmpty && part.contains { $0 != "/" } && !part.utf8.contains(0) }) else {
            throw SysctlError(.invalidName, name: name, path: root, isWriting: false, errno: nil)
        }
        return parts.reduce(root) { $0 + "/" + $1.map { $0 == "/" ? "." : String($0) }.joined() }
    }
}

/// One file that holds a kernel setting: of /proc/sys, or a module's parameter.
package struct SettingFile: Sendable, Hashable {
    /// What people call it.
    package let name: String
    package let path: String

    package init(name: String, path: String) {
        self.name = name
        self.path = path
    }

    /// Enough for every setting that is not a list: a page.
    package static let valueBytes = 4096
    /// The kernel prints a list of ports (`proc_do_large_bitmap`) into the first read alone, so one
    /// read has to have room for the longest: 65 536 ports, every second one set.
    package static let portListBytes = 256 * 1024

    package func read(room: Int = SettingFile.valueBytes) throws(SysctlError) -> String {
        do throws(Errno) {
            let file = try FileDescriptor(opening: path)
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: room)
            while bytes.count < room, let count = try file.read(into: &buffer), count > 0 {
                bytes += buffer[..<count]
            }
            while let last = bytes.last, last == UInt8(ascii: "\n") || last == 0 { bytes.removeLast() }
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            throw SysctlError(SysctlError.Code(error), name: name, path: path, isWriting: false, errno: error)
        }
    }

    package func readInteger() throws(SysctlError) -> Int {
        let text = try read()
        guard let value = Int(text) else {
            throw SysctlError(.notANumber, name: name, path: path, isWriting: false, errno: nil)
        }
        return value
    }

    package func write(_ value: String) throws(SysctlError) {
        do throws(Errno) {
            let file = try FileDescriptor(opening: path, flags: O_WRONLY | O_TRUNC)
            // Long lists of ports are taken a page at a time, each call going on where the last ended.
            try file.writeAll(Array("\(value)\n".utf8))
        } catch {
            throw SysctlError(SysctlError.Code(error), name: name, path: path, isWriting: true, errno: error)
        }
    }
}

/// A setting that could not be read or written, in one line that names its file.
package struct SysctlError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// ENOENT: the kernel, or a module that is not loaded, does not have it.
        case missing
        /// EROFS: the file system is mounted read-only, as in most containers.
        case readOnly
        /// EACCES, EPERM or EOPNOTSUPP: not by this process, or not in this network namespace.
        case denied
        /// EINVAL or ERANGE: the kernel does not take this value.
        case invalidValue
        /// It holds something else than a number.
        case notANumber
        /// No name of a setting.
        case invalidName
        case system

        init(_ errno: Errno) {
            self =
                switch errno.rawValue {
                case ENOENT: .missing
                case EROFS: .readOnly
                case EACCES, EPERM, EOPNOTSUPP: .denied
                case EINVAL, ERANGE: .invalidValue
                default: .system
                }
        }
    }

    package let code: Code
    package let name: String
    package let path: String
    package let isWriting: Bool
    package let errno: Errno?

    init(_ code: Code, name: String, path: String, isWriting: Bool, errno: Errno?) {
        self.code = code
        self.name = name
        self.path = path
        self.isWriting = isWriting
        self.errno = errno
    }

    /// `cannot write net.netfilter.nf_conntrack_max (/proc/sys/...): Read-only file system`
    package var description: String {
        let cause =
            switch code {
            case .notANumber: "it does not hold a number"
            case .invalidName: "no name of a setting"
            case .denied where isWriting:
                "\(errno.map { "\($0)" } ?? "") (it is read-only outside the first network namespace, or needs a capability)"
            default: errno.map { "\($0)" } ?? "unknown"
            }
        return "cannot \(isWriting ? "write" : "read") \(name) (\(path)): \(cause)"
    }
}
