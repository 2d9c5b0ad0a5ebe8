internal import Glibc
internal import LinuxSystem

/// Where the hierarchy of cgroup version 2 is mounted, which is where programs can be attached to cgroups.
package enum CgroupMount {
    /// Folders of its mounts, those that show the root of the hierarchy first: with version 1 beside it, it is a folder
    /// such as /sys/fs/cgroup/unified.
    package static func list(mounts: String? = nil) -> [String] {
        let lines = mounts.map { $0.split(separator: "\n") } ?? BPFFeature.lines(of: "/proc/self/mountinfo")
        let found = lines.compactMap(Self.mount)
        return found.filter { $0.root == "/" }.map(\.path) + found.filter { $0.root != "/" }.map(\.path)
    }

    /// One line of mountinfo (proc(5)): the fourth field is what of the file system is shown, the fifth where, and the
    /// first behind the dash its kind.
    private static func mount(_ line: Substring) -> (root: String, path: String)? {
        let fields = line.split(separator: " ")
        guard let dash = fields.firstIndex(of: "-"), dash >= 6, dash + 1 < fields.count,
            fields[dash + 1] == "cgroup2"
        else { return nil }
        return (unescape(fields[3]), unescape(fields[4]))
    }

    /// Blanks and backslashes are written as octal numbers.
    private static func unescape(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let octal = Substring(rest.prefix(3)).description.octalByte else {
                bytes.append(byte)
                continue
            }
            bytes.append(octal)
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension String {
    fileprivate var octalByte: UInt8? { utf8.count == 3 ? UInt8(self, radix: 8) : nil }
}
