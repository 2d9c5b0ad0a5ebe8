internal import LinuxSystem

/// Manifest files as a source of objects: loads files and folders, then follows their changes.
///
/// It also stands in for the control plane that manifests lack, and gives Services the cluster IPs and
/// node ports that they leave open (``AllocationSettings``).
package final class ManifestSource: Sendable {
    private let paths: [String]
    private let allocation: AllocationSettings
    private let contents: ObjectContents
    private let readFile: ManifestFile.Reader

    /// - Parameter paths: files, read whatever their name, and folders, in which files ending in `.yaml`,
    ///   `.yml` and `.json` are read at any depth and entries that begin with `.` are passed over.
    /// - Parameter contents: what of the objects is wanted; the rest is let go where it is read.
    package convenience init(paths: [String], allocation: AllocationSettings = .standard, contents: ObjectContents = .all) {
        self.init(paths: paths, allocation: allocation, contents: contents, readFile: ManifestFile.read)
    }

    /// - Parameter readFile: gives a file's bytes.
    init(
        paths: [String], allocation: AllocationSettings, contents: ObjectContents, readFile: @escaping ManifestFile.Reader
    ) {
        self.paths = paths
        self.allocation = allocation
        self.contents = contents
        self.readFile = readFile
    }

    /// Reads everything once, and watches nothing. Blocks; with a state folder, allocations are read from
    /// and written to it.
    package func loadOnce() -> ManifestBatch {
        var session = ManifestSession(paths, allocation, contents)
        return session.load()
    }

    /// Delivers everything, then what changes, in order and from one thread of its own, until the task is
    /// cancelled. Batches that say nothing are not delivered, except the first.
    ///
    /// - Throws: ``SystemError`` when the kernel refuses an inotify instance; nothing has been delivered then.
    package func run(_ deliver: @escaping @Sendable (ManifestBatch) -> Void) async throws {
        let stop = try Stop()
        try await withTaskCancellationHandler {
            try await DedicatedThread.run(named: "manifests") {
                try self.follow(stop, deliver)
            }
        } onCancel: {
            stop.wake.signal()
        }
    }

    /// Shared by the thread that waits and whoever cancels.
    private final class Stop: Sendable {
        let wake: WakeDescriptor

        init() throws(SystemError) {
            wake = try attempting("make an eventfd") { () throws(Errno) in try WakeDescriptor() }
        }
    }

    private func follow(_ stop: Stop, _ deliver: (ManifestBatch) -> Void) throws {
        let watches = try ManifestWatches()
        let epoll = try Epoll()
        try epoll.add(watches.rawValue, .readable, token: 0)
        try epoll.add(stop.wake.rawValue, .readable, token: 1)
        var session = ManifestSession(paths, allocation, contents, watches: watches, readFile: readFile)
        deliver(session.load())
        // What only the first reading needed goes back to the kernel: several times what stays.
        ResidentMemory.release()
        while true {
            let events = try epoll.wait(timeout: session.nextReread.map { max(.zero, ContinuousClock.now.duration(to: $0)) })
            if events.contains(where: { $0.token == 1 }) { return }
            // All that the kernel has by now becomes one batch.
            let batch = try events.isEmpty ? session.reread(at: .now) : session.poll()
            if !batch.isEmpty { deliver(batch) }
        }
    }
}
