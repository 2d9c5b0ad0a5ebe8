import FoundationEssentials
import Glibc

/// A folder of this run's own, removed with it.
final class WorkFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "fairway-dns-benchmark-\(getpid())-\(UInt32.random(in: 0...UInt32.max))").path()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file whole, by rename. Returns its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Data(text.utf8))
    }

    @discardableResult
    func write(_ name: String, _ data: Data) throws -> String {
        let file = URL(filePath: path).appending(path: name)
        try FileManager.default.createDirectory(
            atPath: file.deletingLastPathComponent().path(), withIntermediateDirectories: true)
        try data.write(to: file, options: .atomic)
        return file.path()
    }
}
