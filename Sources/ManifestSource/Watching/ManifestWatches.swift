internal import Glibc
internal import LinuxSystem

/// The inotify watches and what an event of each means.
struct ManifestWatches: ~Copyable {
    enum Meaning: Hashable {
        /// The entry named by the event changed.
        case entry(ofFolder: String)
        /// A symbolic link of this folder points here: any event may concern it.
        case linksOf(folder: String)
        /// A given path, or a folder on the way to it, is this entry; entries that begin with `..` are the
        /// links that a mounted ConfigMap swaps.
        case root(String, entry: String)
        /// A given path is a symbolic link that points here.
        case linkOf(root: String)
    }

    private let inotify: Inotify
    private var meanings: [Int32: Set<Meaning>] = [:]
    private var watchOfFolder: [String: Int32] = [:]
    private(set) var warnings: [String] = []

    init() throws(SystemError) {
        inotify = try attempting("watch manifests (inotify; see sysctl fs.inotify.max_user_instances)") {
            () throws(Errno) in try Inotify()
        }
    }

    var rawValue: Int32 { inotify.rawValue }

    /// Watches a folder. One that cannot be watched is told once, and is read all the same.
    mutating func add(_ folder: String, _ meaning: Meaning) {
        do throws(Errno) {
            let watch = try inotify.watch(folder: folder)
            meanings[watch, default: []].insert(meaning)
            if case .entry = meaning { watchOfFolder[folder] = watch }
        } catch {
            // A folder that has just gone is told of by the one above it.
            guard error != .noEntry, error.rawValue != ENOTDIR else { return }
            let hint = error.rawValue == ENOSPC ? " (raise sysctl fs.inotify.max_user_watches)" : ""
            let warning = "\(folder): cannot be watched: \(error)\(hint): changes in it are not seen"
            if !warnings.contains(warning), warnings.count < Self.warningLimit { warnings.append(warning) }
        }
    }

    /// Warnings kept until they are taken: one for each folder would drown the first, which says it all.
    static let warningLimit = 8

    mutating func takeWarnings() -> [String] {
        defer { warnings = [] }
        return warnings
    }

    /// The folder is gone from where it was; it may live on elsewhere.
    mutating func remove(folder: String) {
        guard let watch = watchOfFolder.removeValue(forKey: folder) else { return }
        meanings[watch]?.remove(.entry(ofFolder: folder))
        guard meanings[watch]?.isEmpty == true else { return }
        meanings[watch] = nil
        inotify.remove(watch)
    }

    /// Everything that happened, nil when events were lost.
    mutating func drain() throws(Errno) -> [(meaning: Meaning, event: Inotify.Event)]? {
        var result: [(Meaning, Inotify.Event)] = []
        var isLossy = false
        for event in try inotify.drain() {
            if event.isOverflow { isLossy = true }
            for meaning in meanings[event.watch] ?? [] { result.append((meaning, event)) }
            guard event.isEndOfWatch else { continue }
            for case .entry(let folder) in meanings[event.watch] ?? [] where watchOfFolder[folder] == event.watch {
                watchOfFolder[folder] = nil
            }
            meanings[event.watch] = nil
        }
        return isLossy ? nil : result
    }
}
