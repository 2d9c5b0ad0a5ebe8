import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import Synchronization

/// A cgroup of version 2 for the clients of one test, removed with it.
final class TestCgroup: Sendable {
    let path: String
    private static let counter = Atomic<Int>(0)

    init() throws {
        let mounts = String(decoding: try FileDescriptor(opening: "/proc/self/mounts").readAll(), as: UTF8.self)
        let lines = mounts.split(separator: "\n").map { $0.split(separator: " ") }
        guard let mount = lines.first(where: { $0.count > 2 && $0[2] == "cgroup2" }) else {
            throw TestSupportError("cgroup v2 is not mounted")
        }
        let number = Self.counter.add(1, ordering: .relaxed).newValue
        path = "\(mount[1])/fwt-\(getpid())-\(number)"
        // SAFETY: the C string that Swift makes of the path lives for the call.
        guard unsafe mkdir(path, 0o755) == 0 else { throw TestSupportError("mkdir \(path): errno \(errno)") }
    }

    /// Whoever was in it has been waited for.
    // SAFETY: the C string that Swift makes of the path lives for the call.
    deinit { unsafe rmdir(path) }

    /// A command that runs a program inside.
    func enclosing(_ command: [String]) -> [String] {
        ["sh", "-c", "echo $$ > '\(path)/cgroup.procs' && exec \"$@\"", "sh"] + command
    }
}
