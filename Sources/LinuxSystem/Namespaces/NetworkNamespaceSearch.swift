import Glibc

/// Network namespaces that somebody is in, or that have a name.
package enum NetworkNamespaceSearch {
    /// Files that stand for them, each namespace once: that of this thread first, then those of `/run/netns`, of this
    /// process's threads and of every process. O(processes).
    package static func paths() -> [String] {
        let candidates =
            ["/proc/thread-self/ns/net"] + names(in: "/run/netns").map { "/run/netns/\($0)" }
            + names(in: "/proc/self/task").map { "/proc/self/task/\($0)/ns/net" }
            + names(in: "/proc").filter { $0.utf8.allSatisfy { (48...57).contains($0) } }.map { "/proc/\($0)/ns/net" }
        var seen: Set<UInt64> = []
        return candidates.filter { path in
            // What has ended meanwhile has no file any more.
            inode(of: path).map { seen.insert($0).inserted } ?? false
        }
    }

    /// Calls `body` on a thread of its own in each of those with one of these cookies, until all were found. Blocks.
    ///
    /// - Returns: the cookies that were found.
    package static func visit(
        cookies: Set<UInt64>, _ body: @escaping @Sendable (UInt64) -> Void
    ) throws -> Set<UInt64> {
        if cookies.isEmpty { return [] }
        let paths = paths()
        return try DedicatedThread.runBlocking(named: "namespaces") {
            var found: Set<UInt64> = []
            for path in paths where found.count < cookies.count {
                guard let namespace = try? NetworkNamespace(opening: path) else { continue }
                try? namespace.enter()
                guard let cookie = try? NetworkNamespace.currentCookie(), cookies.contains(cookie),
                    found.insert(cookie).inserted
                else { continue }
                body(cookie)
            }
            return found
        }
    }

    private static func inode(of path: String) -> UInt64? {
        var facts = stat()
        // SAFETY: the C string lives for the call, and the kernel writes one struct stat.
        guard unsafe stat(path, &facts) == 0 else { return nil }
        return UInt64(facts.st_ino)
    }

    /// Names in a folder, the dots left out; empty when it cannot be read.
    package static func names(in folder: String) -> [String] {
        // SAFETY: the stream is used here alone and closed at the end; an entry is copied before the next is read.
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { _ = unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
