import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import Synchronization

/// A made folder of kernel settings, removed with its last reference.
final class SettingsFolder: Sendable {
    let path: String
    private static let counter = Atomic<Int>(0)

    init(_ files: [String: String]) throws {
        let number = SettingsFolder.counter.add(1, ordering: .relaxed).newValue
        path = "/tmp/fairway-settings-\(getpid())-\(number)"
        try Self.makeFolder(path)
        for (name, text) in files {
            var folder = path
            for part in name.split(separator: "/").dropLast() {
                folder += "/\(part)"
                try Self.makeFolder(folder)
            }
            let file = try FileDescriptor(opening: "\(path)/\(name)", flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
            try file.writeAll(Array(text.utf8))
        }
    }

    deinit {
        let request = ProcessRequest(path: toolPath("rm") ?? "/bin/rm", arguments: ["-rf", path])
        _ = try? request.collectOutput()
    }

    func text(_ name: String) throws -> String {
        String(decoding: try FileDescriptor(opening: "\(path)/\(name)").readAll(), as: UTF8.self)
    }

    private static func makeFolder(_ path: String) throws {
        // SAFETY: the C string lives for the call.
        guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else { throw Errno.current }
    }
}
