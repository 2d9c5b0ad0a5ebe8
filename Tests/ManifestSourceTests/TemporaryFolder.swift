import Glibc

@testable import ManifestSource

/// A folder of its own for a test, gone with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/fairway-manifests-XXXXXX".utf8CString)
        // SAFETY: the template ends in NUL and is written in place.
        guard unsafe mkdtemp(&template) != nil else { throw Failure(call: "mkdtemp", errno: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.removeTree(path) }

    struct Failure: Error {
        var call: String
        var errno: Int32
    }

    func callAsFunction(_ name: String) -> String { path + "/" + name }

    func write(_ text: String, to name: String) throws {
        // SAFETY: the C strings live for the calls; the stream is closed once.
        guard let file = unsafe fopen(self(name), "w") else { throw Failure(call: "fopen \(name)", errno: errno) }
        defer { unsafe fclose(file) }
        _ = unsafe fputs(text, file)
    }

    func read(_ name: String) -> String? {
        guard let bytes = try? ManifestFile.read(self(name)) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    func makeFolder(_ name: String) { _ = unsafe mkdir(self(name), 0o755) }
    func rename(_ old: String, to new: String) { _ = unsafe Glibc.rename(self(old), self(new)) }
    func remove(_ name: String) { _ = unsafe Glibc.remove(self(name)) }
    func removeTree(_ name: String) { Self.removeTree(self(name)) }
    func link(_ name: String, to target: String) { _ = unsafe symlink(target, self(name)) }
    func hardLink(_ name: String, to existing: String) { _ = unsafe Glibc.link(self(existing), self(name)) }

    private static func removeTree(_ path: String) {
        if (try? FileStamp(path, followsLinks: false))?.kind == .folder {
            for name in (try? FolderListing.names(path)) ?? [] { removeTree(path + "/" + name) }
        }
        _ = unsafe Glibc.remove(path)
    }
}
