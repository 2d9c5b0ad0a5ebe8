import Glibc

/// The hierarchy of cgroups v2 (cgroups(7)), wherever it is mounted.
package enum CgroupHierarchy {
    /// The mount point of cgroup v2: `/sys/fs/cgroup`, or a folder in it beside the controllers of v1. Nil when it is
    /// mounted nowhere.
    package static func mountPoint(mounts path: String = "/proc/self/mounts") throws(Errno) -> String? {
        let text = String(decoding: try FileDescriptor(opening: path).readAll(), as: UTF8.self)
        return mountPoint(in: text)
    }

    /// In lines of fstab(5).
    package static func mountPoint(in mounts: String) -> String? {
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count >= 3, fields[2] == "cgroup2" { return unescaped(fields[1]) }
        }
        return nil
    }

    /// Blanks are written as `\040`, in octal (proc_pid_mounts(5)).
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = field.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3, let code = UInt8(Substring(digits), radix: 8) else {
                bytes.append(byte)
                continue
            }
            bytes.append(code)
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The cgroup of this process below the mount point, as `/system.slice/fairway.service`; nil without cgroup v2.
    package static func ownPath() throws(Errno) -> String? {
        let text = String(decoding: try FileDescriptor(opening: "/proc/self/cgroup").readAll(), as: UTF8.self)
        return text.split(separator: "\n").first { $0.hasPrefix("0::") }.map { String($0.dropFirst(3)) }
    }
}
