import BPF
import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import Synchronization

/// A cgroup of one test, of type `threaded`: a single thread can be inside it while the test's process is not.
package final class TestCgroup: Sendable {
    /// Its folder, as programs are attached to.
    package let path: String

    private static let prefix = "fwt-cgroup-"
    private static let counter = Atomic<Int>(0)
    /// Runs once in a process, before its first cgroup.
    private static let swept: Void = sweep()

    package init() throws {
        guard let root = CgroupMount.list().first else { throw TestSupportError("no cgroup version 2 is mounted") }
        _ = Self.swept
        let number = Self.counter.add(1, ordering: .relaxed).newValue
        path = "\(root)/\(Self.prefix)\(getpid())-\(number)"
        try BPFFileSystem.makeFolder(path)
        try Self.write("threaded", to: "\(path)/cgroup.type")
    }

    deinit { _ = try? BPFFileSystem.removeFolder(path) }

    /// Runs `body` on a new thread in the cgroup. Processes that it starts are in the cgroup too.
    package func inside<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        let path = path
        return try await DedicatedThread.run(named: "cgroup") {
            let home = try Self.home()
            // 0: the thread that writes.
            try Self.write("0", to: "\(path)/cgroup.threads")
            defer { try? Self.write("0", to: "\(home)/cgroup.threads") }
            return try body()
        }
    }

    /// A command that runs a program inside.
    package func enclosing(_ command: [String]) -> [String] {
        ["sh", "-c", "echo $$ > '\(path)/cgroup.procs' && exec \"$@\"", "sh"] + command
    }

    /// Where the calling thread is now: /proc/thread-self/cgroup has a line `0::PATH` for version 2.
    private static func home() throws -> String {
        let file = try FileDescriptor(opening: "/proc/thread-self/cgroup")
        let lines = String(decoding: try file.readAll(), as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("0::") }), let root = CgroupMount.list().first else {
            throw TestSupportError("the thread is in no cgroup of version 2")
        }
        return root + line.dropFirst(3)
    }

    private static func write(_ text: String, to path: String) throws {
        try attempting("write \(text) to \(path)") { () throws(Errno) in
            try FileDescriptor(opening: path, flags: O_WRONLY).writeAll(Array(text.utf8))
        }
    }

    private static func sweep() {
        guard let root = CgroupMount.list().first else { return }
        for name in (try? BPFFileSystem.names(in: root)) ?? [] where isStale(name, prefix) {
            _ = try? BPFFileSystem.removeFolder("\(root)/\(name)")
        }
    }
}
