import FoundationEssentials
import Glibc
import NetworkNamespaceTesting
import Synchronization

/// A folder of one test, removed with it.
final class ScratchFolder: Sendable {
    let path: String
    private static let counter = Atomic<Int>(0)

    init() throws {
        let number = ScratchFolder.counter.add(1, ordering: .relaxed).newValue
        // Short: the path of a Unix socket below it has at most 107 bytes.
        path = "/tmp/fairway-tests-\(getpid())-\(number)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { remove() }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file in it; folders on the way are made.
    func file(_ name: String) throws -> String {
        let file = "\(path)/\(name)"
        let folder = String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)])
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return file
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let path = try file(name)
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    /// As an editor saves: a new file beside it, renamed over it.
    func replace(_ name: String, _ text: String) throws {
        let (old, new) = (try file(name), try write("replacement~", text))
        // SAFETY: the C strings that Swift makes of the paths live for the call.
        guard unsafe rename(new, old) == 0 else { throw TestSupportError("rename \(new) to \(old): errno \(errno)") }
    }

    func move(_ name: String, to other: String) throws {
        try FileManager.default.moveItem(atPath: "\(path)/\(name)", toPath: "\(path)/\(other)")
    }

    func delete(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }
}
