import FoundationEssentials
import LinuxSystem

/// A folder of its own for a test, gone with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = "/tmp/fairway-connection-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Replaces a file in one step, as those who rotate files do.
    @discardableResult
    func write(_ text: String, to name: String, isExecutable: Bool = false) throws -> String {
        let folder = self(name).split(separator: "/").dropLast().joined(separator: "/")
        try FileManager.default.createDirectory(atPath: "/" + folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: self(name)), options: .atomic)
        if isExecutable {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: self(name))
        }
        return self(name)
    }

    /// A program of /bin/sh.
    func script(_ text: String, _ name: String = "plugin") throws -> String {
        try write("#!/bin/sh\n" + text, to: name, isExecutable: true)
    }

    func read(_ name: String) throws -> String {
        String(decoding: try FileDescriptor(opening: self(name)).readAll(), as: UTF8.self)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: self(name)) }
}
