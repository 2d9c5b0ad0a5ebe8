internal import Glibc
internal import LinuxSystem

/// Which manifest files there are below the given paths, and which of them changed.
struct ManifestFolders: ~Copyable {
    private struct Folder {
        var files: [String: FileStamp] = [:]
        var folders: Set<String> = []
    }

    /// What a look at the file system found.
    struct Findings {
        /// Files to read.
        var changed: Set<String> = []
        var gone: Set<String> = []
        /// Paths that could not be looked at, with the reason.
        var unreadable: [String: Errno] = [:]

        mutating func formUnion(_ other: Findings) {
            changed.formUnion(other.changed)
            gone.formUnion(other.gone)
            unreadable.merge(other.unreadable) { $1 }
        }

        var isEmpty: Bool { changed.isEmpty && gone.isEmpty && unreadable.isEmpty }
    }

    private let roots: [String]
    private var folders: [String: Folder] = [:]
    /// Given paths that are files.
    private var rootFiles: [String: FileStamp] = [:]
    private var unreadable: Set<String> = []
    private var watches: ManifestWatches?

    /// Files with these endings are read in folders.
    static let suffixes = [".yaml", ".yml", ".json"]

    init(_ paths: [String], watches: consuming ManifestWatches?) {
        var seen: Set<String> = []
        roots = paths.map(Self.normalized).filter { seen.insert($0).inserted }
        self.watches = watches
    }

    private static func normalized(_ path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }

    mutating func takeWarnings() -> [String] { watches?.takeWarnings() ?? [] }

    /// Looks at everything.
    mutating func scan() -> Findings {
        var findings = Findings()
        for root in roots { scan(root: root, &findings) }
        return findings
    }

    /// Looks at everything below the given paths that `path` is below.
    mutating func scan(around path: String) -> Findings {
        var findings = Findings()
        for root in roots where path == root || path.hasPrefix(root + "/") || root == "/" { scan(root: root, &findings) }
        return findings
    }

    /// Could not be looked at when it was last tried.
    func isUnreadable(_ path: String) -> Bool { unreadable.contains(path) }

    /// Looks at what the kernel says has changed, and at everything when it lost count.
    mutating func poll() throws(Errno) -> Findings {
        guard let events = try watches?.drain() else { return scan() }
        var findings = Findings()
        // Several events of one entry, as of a file written and renamed, are one look at it.
        var done: Set<Look> = []
        for (meaning, event) in events {
            guard let look = look(for: meaning, event), done.insert(look).inserted else { continue }
            switch look {
            case .entry(let folder, let name): refresh(name, in: folder, &findings)
            case .folder(let folder): rescan(folder, &findings)
            case .root(let root): scan(root: root, &findings)
            }
        }
        return findings
    }

    private enum Look: Hashable {
        case entry(String, String)
        case folder(String)
        case root(String)
    }

    private func look(for meaning: ManifestWatches.Meaning, _ event: Inotify.Event) -> Look? {
        switch meaning {
        case .entry(let folder):
            if event.name.hasPrefix("..") { return .folder(folder) }
            guard !event.name.isEmpty, !event.name.hasPrefix(".") else { return nil }
            return isBeingWritten(event, in: folder) ? nil : .entry(folder, event.name)
        case .linksOf(let folder): return .folder(folder)
        case .root(let root, let entry):
            guard event.name == entry || event.name.hasPrefix("..") || event.isOfFolderItself else { return nil }
            return isBeingWritten(event, in: FolderListing.parent(of: root)) ? nil : .root(root)
        case .linkOf(let root): return .root(root)
        }
    }

    /// A new plain file is told of again when its writer closes it; a link is whole at once.
    private func isBeingWritten(_ event: Inotify.Event, in folder: String) -> Bool {
        guard event.isCreation, !event.isFolder,
            let stamp = try? FileStamp(folder + "/" + event.name, followsLinks: false)
        else { return false }
        return stamp.kind == .file && stamp.linkCount == 1
    }
}

extension ManifestFolders {
    private mutating func scan(root: String, _ findings: inout Findings) {
        watch(root: root)
        do throws(Errno) {
            let stamp = try FileStamp(root)
            clearUnreadable(root, &findings)
            if stamp.kind == .folder {
                if rootFiles.removeValue(forKey: root) != nil { findings.gone.insert(root) }
                scan(folder: root, ancestors: [stamp.identity], &findings)
            } else {
                forget(folder: root, &findings)
                if rootFiles.updateValue(stamp, forKey: root) != stamp { findings.changed.insert(root) }
            }
        } catch {
            forget(folder: root, &findings)
            if rootFiles.removeValue(forKey: root) != nil { findings.gone.insert(root) }
            markUnreadable(root, error, &findings)
        }
    }

    /// Watches the folder that a given path lies in, or the nearest that exists.
    private mutating func watch(root: String) {
        var entry = root
        var folder = FolderListing.parent(of: root)
        while (try? FileStamp(folder)) == nil, folder != "/", folder != "." {
            entry = folder
            folder = FolderListing.parent(of: folder)
        }
        watches?.add(folder, .root(root, entry: FolderListing.lastComponent(of: entry)))
        if (try? FileStamp(root, followsLinks: false))?.kind == .link, let target = FolderListing.folder(ofTarget: root) {
            watches?.add(target, .linkOf(root: root))
        }
    }

    private mutating func rescan(_ folder: String, _ findings: inout Findings) {
        guard folders[folder] != nil, let stamp = try? FileStamp(folder) else { return }
        scan(folder: folder, ancestors: [stamp.identity], &findings)
    }

    /// Compares a folder and all below it with what was known.
    private mutating func scan(folder: String, ancestors: Set<FileStamp.Identity>, _ findings: inout Findings) {
        // First the watch, then the look: nothing can slip in between.
        watches?.add(folder, .entry(ofFolder: folder))
        let names: [String]
        do throws(Errno) {
            names = try FolderListing.names(folder)
            clearUnreadable(folder, &findings)
        } catch {
            markUnreadable(folder, error, &findings)
            return
        }
        let old = folders[folder] ?? Folder()
        let present = Set(names)
        for name in old.files.keys where !present.contains(name) { findings.gone.insert(folder + "/" + name) }
        for name in old.folders where !present.contains(name) { forget(folder: folder + "/" + name, &findings) }
        folders[folder] = Folder(
            files: old.files.filter { present.contains($0.key) }, folders: old.folders.intersection(present))
        for name in names { refresh(name, in: folder, ancestors: ancestors, &findings) }
    }

    private mutating func refresh(_ name: String, in folder: String, _ findings: inout Findings) {
        guard folders[folder] != nil, let stamp = try? FileStamp(folder) else { return }
        refresh(name, in: folder, ancestors: [stamp.identity], &findings)
    }

    /// Looks at one entry of a folder.
    private mutating func refresh(
        _ name: String, in folder: String, ancestors: Set<FileStamp.Identity>, _ findings: inout Findings
    ) {
        guard !name.hasPrefix(".") else { return }
        let path = folder + "/" + name
        if (try? FileStamp(path, followsLinks: false))?.kind == .link,
            let target = FolderListing.folder(ofTarget: path)
        {
            watches?.add(target, .linksOf(folder: folder))
        }
        let stamp: FileStamp?
        do throws(Errno) {
            stamp = try FileStamp(path)
        } catch {
            // What cannot be looked at for a while is not gone.
            if RereadSchedule.isPassing(error) { return markUnreadable(path, error, &findings) }
            stamp = nil
        }
        let wasUnreadable = unreadable.remove(path) != nil
        if wasUnreadable { findings.gone.insert(path) }
        if stamp?.kind != .folder, folders[folder]?.folders.remove(name) != nil { forget(folder: path, &findings) }
        if stamp?.kind != .file, folders[folder]?.files.removeValue(forKey: name) != nil { findings.gone.insert(path) }
        guard let stamp else { return }
        switch stamp.kind {
        case .file:
            guard Self.suffixes.contains(where: name.hasSuffix) else { return }
            guard folders[folder]?.files.updateValue(stamp, forKey: name) != stamp || wasUnreadable else { return }
            findings.gone.remove(path)
            findings.changed.insert(path)
        case .folder:
            guard !ancestors.contains(stamp.identity), ancestors.count < ManifestLimits.folderDepth else { return }
            folders[folder]?.folders.insert(name)
            scan(folder: path, ancestors: ancestors.union([stamp.identity]), &findings)
        case .link, .other: return
        }
    }

    private mutating func forget(folder: String, _ findings: inout Findings) {
        guard let old = folders.removeValue(forKey: folder) else { return }
        watches?.remove(folder: folder)
        clearUnreadable(folder, &findings)
        for name in old.files.keys {
            findings.changed.remove(folder + "/" + name)
            findings.gone.insert(folder + "/" + name)
        }
        for name in old.folders { forget(folder: folder + "/" + name, &findings) }
    }

    private mutating func markUnreadable(_ path: String, _ error: Errno, _ findings: inout Findings) {
        unreadable.insert(path)
        findings.gone.remove(path)
        findings.unreadable[path] = error
    }

    private mutating func clearUnreadable(_ path: String, _ findings: inout Findings) {
        if unreadable.remove(path) != nil { findings.gone.insert(path) }
    }
}
