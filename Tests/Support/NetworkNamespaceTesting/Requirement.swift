import Glibc
import LinuxSystem

/// What a test needs of the machine, for `@Test(.enabled(if: Requirement.root, "needs root"))`.
///
/// Under CI (`CI=true`) every requirement counts as met: a test that cannot run then fails by its
/// first refused call instead of being skipped unseen.
package enum Requirement {
    /// Network namespaces, nftables and raw sockets.
    package static var root: Bool { isCI || geteuid() == 0 }

    /// A program, such as `nft`, of the PATH or the system's own folders.
    package static func tool(_ name: String) -> Bool { isCI || toolPath(name) != nil }

    /// Anything else that the test can tell.
    package static func isMet(_ condition: Bool) -> Bool { isCI || condition }

    private static var isCI: Bool { environmentValue("CI") == "true" }
}

/// Why test support could not do what was asked.
package struct TestSupportError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// The file of a program: of PATH, or of the sbin folders that a plain user's PATH leaves out.
package func toolPath(_ name: String) -> String? {
    let search = (environmentValue("PATH") ?? "").split(separator: ":").map { String($0) }
    for folder in search + ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"] {
        let path = "\(folder)/\(name)"
        if isExecutable(path) { return path }
    }
    return nil
}

func isExecutable(_ path: String) -> Bool {
    // SAFETY: the C string that Swift makes of `path` lives for the call.
    unsafe access(path, X_OK) == 0
}

func environmentValue(_ name: String) -> String? {
    guard let file = try? FileDescriptor(opening: "/proc/self/environ"), let bytes = try? file.readAll() else {
        return nil
    }
    for entry in bytes.split(separator: 0) {
        let text = String(decoding: entry, as: UTF8.self)
        if text.hasPrefix(name + "=") { return String(text.dropFirst(name.count + 1)) }
    }
    return nil
}
