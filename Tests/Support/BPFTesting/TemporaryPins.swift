package import BPF
import Glibc
import Synchronization

/// A bpf file system of one test, mounted on a folder of its own below /tmp and gone with it.
///
/// What a killed test run left behind is removed by the next one.
package final class TemporaryPins: Sendable {
    package let path: String

    private static let prefix = "fwt-bpf-"
    private static let counter = Atomic<Int>(0)
    /// Runs once in a process, before its first mount.
    private static let swept: Void = sweep()

    package init() throws(BPFError) {
        _ = Self.swept
        let number = Self.counter.add(1, ordering: .relaxed).newValue
        path = "/tmp/\(Self.prefix)\(getpid())-\(number)"
        try BPFFileSystem.makeFolder(path)
        do throws(BPFError) { try BPFFileSystem.mount(at: path) } catch {
            _ = try? BPFFileSystem.removeFolder(path)
            throw error
        }
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        _ = try? BPFFileSystem.unmount(path)
        _ = try? BPFFileSystem.removeFolder(path)
    }

    private static func sweep() {
        for name in (try? BPFFileSystem.names(in: "/tmp")) ?? [] where isStale(name, prefix) { remove("/tmp/\(name)") }
    }
}

/// Whether the process whose number follows the prefix is gone.
func isStale(_ name: String, _ prefix: String) -> Bool {
    guard name.hasPrefix(prefix), let pid = Int32(name.dropFirst(prefix.count).prefix { $0 != "-" }) else { return false }
    return kill(pid, 0) == -1 && errno == ESRCH
}
