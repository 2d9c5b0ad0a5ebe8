package import LinuxSystem

/// Tells when one file is another than it was: written in place, replaced by a rename, or behind a symbolic link that
/// was swapped, as a mounted ConfigMap's is.
package struct FileWatch: ~Copyable {
    private var folders: ManifestFolders
    /// Readable when there is something to `poll`.
    package let descriptor: Int32

    /// Watches from here on: what is read after this is not older than what `poll` compares with.
    ///
    /// - Throws: when inotify is not to be had.
    package init(_ path: String) throws(SystemError) {
        let watches = try ManifestWatches()
        descriptor = watches.rawValue
        folders = ManifestFolders([path], watches: watches)
        _ = folders.scan()
    }

    /// Whether the file changed, came or went since. Does not wait.
    package mutating func poll() throws(Errno) -> Bool { try !folders.poll().isEmpty }

    /// What keeps changes from being seen, one line each, each told once.
    package mutating func takeWarnings() -> [String] { folders.takeWarnings() }
}
