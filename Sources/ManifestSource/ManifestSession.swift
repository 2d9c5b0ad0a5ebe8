internal import Glibc
internal import KubernetesModel
internal import LinuxSystem
internal import ObjectStore

/// Files, objects and allocations of one run, on one thread.
struct ManifestSession: ~Copyable {
    private var folders: ManifestFolders
    private var tracker: ManifestTracker
    private var allocations: AllocationFile?
    private let interner = StringInterner()
    private var warnings: [String] = []
    /// The paths given: files and folders to be there, whatever becomes of what is below them.
    private let roots: [String]
    /// Roots that cannot be read, with the files that were below them: a folder that is unmounted or
    /// moved away for a moment takes no object with it.
    private var unreadableRoots: [String: Set<String>] = [:]

    private let contents: ObjectContents
    private let now: () -> Int64
    private let readFile: ManifestFile.Reader
    private var rereads = RereadSchedule()
    /// Every path given can be read; nil until that was so once, before which nothing counts as synced.
    private var isWhole: Bool?

    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - readFile: gives a file's bytes.
    init(
        _ paths: [String], _ settings: AllocationSettings, _ contents: ObjectContents = .all,
        watches: consuming ManifestWatches? = nil, now: @escaping () -> Int64 = Self.wallClock,
        readFile: @escaping ManifestFile.Reader = ManifestFile.read
    ) {
        self.contents = contents
        self.now = now
        self.readFile = readFile
        roots = paths
        folders = ManifestFolders(paths, watches: watches)
        guard !settings.stateDirectory.isEmpty else {
            tracker = ManifestTracker(allocator: AddressAllocator(settings))
            return
        }
        let (file, records, warnings) = AllocationFile.open(settings.stateDirectory)
        allocations = file
        self.warnings = warnings
        tracker = ManifestTracker(allocator: AddressAllocator(settings, remembering: records))
    }

    /// Reads every file.
    mutating func load() -> ManifestBatch {
        let findings = folders.scan()
        return take(findings)
    }

    /// Reads what changed since.
    mutating func poll() throws -> ManifestBatch {
        do throws(Errno) {
            let findings = try folders.poll()
            return take(findings)
        } catch {
            throw SystemError("read inotify events", error)
        }
    }

    /// When `reread` has something to do; nil: it has not.
    var nextReread: ContinuousClock.Instant? { rereads.nextAt }

    /// Tries again what could not be read for a reason that may have passed.
    mutating func reread(at instant: ContinuousClock.Instant) -> ManifestBatch {
        var findings = ManifestFolders.Findings()
        for path in rereads.due(at: instant) {
            if tracker.paths.contains(path), !folders.isUnreadable(path) {
                findings.changed.insert(path)
            } else {
                rereads.settled(path)
                findings.formUnion(folders.scan(around: path))
            }
        }
        return take(findings, at: instant)
    }

    private mutating func take(
        _ findings: ManifestFolders.Findings, at instant: ContinuousClock.Instant = .now
    ) -> ManifestBatch {
        var changes = gone(findings).map { ManifestChange(path: $0, contents: nil) }
        for change in changes { rereads.settled(change.path) }
        for path in findings.changed.sorted() { changes.append(ManifestChange(path: path, contents: read(path, at: instant))) }
        for (path, error) in findings.unreadable {
            note(error, of: path, at: instant)
            let fault = FileFault(path: path, message: "cannot be read: \(error)")
            changes.append(ManifestChange(path: path, contents: ManifestContents(unreadable: fault, isMissing: error == .noEntry && !roots.contains(path))))
        }
        var (batch, records) = tracker.apply(changes, isComplete: unreadableRoots.isEmpty && !rereads.isAwaited)
        remember(records)
        batch.events += sourceEvents()
        batch.warnings = warnings + folders.takeWarnings()
        warnings = []
        return batch
    }

    /// A given path that cannot be read any more is a lost source: its objects stay, and age.
    private mutating func sourceEvents() -> [StoreEvent] {
        let before = isWhole
        if isWhole != nil || unreadableRoots.isEmpty { isWhole = unreadableRoots.isEmpty }
        guard let before, let isWhole, before != isWhole else { return [] }
        let state: SourceState = isWhole ? .connected : .lost(since: now())
        return ObjectKind.allCases.map { .source(state, of: $0) }
    }

    static let wallClock: @Sendable () -> Int64 = {
        var time = timespec()
        // SAFETY: the kernel fills in one timespec, which lives for the call.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec)
    }

    /// Files whose objects go: not those below a root that cannot be read now.
    private mutating func gone(_ findings: ManifestFolders.Findings) -> Set<String> {
        var gone = findings.gone.subtracting(findings.changed)
        for root in roots {
            if findings.unreadable[root] != nil {
                let kept = gone.filter { $0 == root || $0.hasPrefix(root + "/") }
                unreadableRoots[root, default: []].formUnion(kept)
                gone.subtract(kept)
            } else if findings.gone.contains(root) || findings.changed.contains(root),
                let kept = unreadableRoots.removeValue(forKey: root)
            {
                // It is back: what is not there again is gone after all.
                gone.formUnion(kept.subtracting(findings.changed))
            }
        }
        return gone
    }

    /// The file is read whole and not mapped: a writer that truncates it must not take the daemon down.
    private mutating func read(_ path: String, at instant: ContinuousClock.Instant) -> ManifestContents {
        do throws(Errno) {
            let bytes = try readFile(path)
            rereads.settled(path)
            guard bytes.count < ManifestLimits.fileBytes else {
                let message = "larger than \(ManifestLimits.fileBytes) bytes"
                return ManifestContents(unreadable: FileFault(path: path, message: message))
            }
            return ManifestContents(path: path, bytes: bytes, interner: interner, contents: contents)
        } catch {
            note(error, of: path, at: instant)
            return ManifestContents(unreadable: FileFault(path: path, message: "cannot be read: \(error)"))
        }
    }

    private mutating func note(_ error: Errno, of path: String, at instant: ContinuousClock.Instant) {
        if RereadSchedule.isPassing(error) { rereads.failed(path, at: instant) } else { rereads.settled(path) }
    }

    private mutating func remember(_ keys: Set<ObjectKey>) {
        guard !keys.isEmpty, allocations != nil else { return }
        let changes = keys.sorted().map { (key: $0, slots: tracker.allocator.record(of: $0)) }
        do throws(SystemError) {
            try allocations?.save(changes) { tracker.allocator.records }
        } catch {
            warnings.append("\(error): addresses given to Services may not survive a restart")
        }
    }
}

/// Reading one file.
enum ManifestFile {
    typealias Reader = @Sendable (String) throws(Errno) -> [UInt8]

    /// All bytes of a file, at most ``ManifestLimits/fileBytes``.
    static func read(_ path: String) throws(Errno) -> [UInt8] {
        let file = try FileDescriptor(opening: path)
        let expected = max(0, min(Int(try FileStamp(path).size), ManifestLimits.fileBytes))
        var bytes = [UInt8](repeating: 0, count: expected + 1)
        var count = 0
        while count < ManifestLimits.fileBytes {
            if count == bytes.count { bytes.append(contentsOf: repeatElement(0, count: bytes.count)) }
            let read = try syscall("read") {
                // SAFETY: the kernel writes at most the rest of the array, which is borrowed for the call.
                unsafe bytes.withUnsafeMutableBytes { buffer in
                    unsafe Glibc.read(file.rawValue, buffer.baseAddress?.advanced(by: count), buffer.count - count)
                }
            }
            guard read > 0 else { break }
            count += read
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
