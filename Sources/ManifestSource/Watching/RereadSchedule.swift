internal import Glibc
internal import LinuxSystem

/// Paths that could not be read for a reason that passes without the path changing, and when to try again: nothing else
/// would tell that descriptors are free again, or that a disk answers.
struct RereadSchedule {
    private struct Entry {
        /// Until the next try; the last one's is half of it.
        var delay: Duration
        var at: ContinuousClock.Instant
        var failures: Int
    }

    private var entries: [String: Entry] = [:]

    /// Before the second try; twice as long before each further one.
    static let firstDelay = Duration.milliseconds(100)
    /// Between tries in the long run, however many paths there are.
    static let longestDelay = Duration.seconds(30)
    /// Failures of one path, some six seconds of them, for which the first whole list is waited for.
    static let awaitedFailures = 6
    /// Paths kept, with 200 bytes each: as many files as a large cluster's folder has. Beyond it a path is read when it
    /// changes; the fault of it says so long that it cannot be read.
    static let pathLimit = 100_000

    /// No descriptors, no memory, or a disk that fails.
    static func isPassing(_ error: Errno) -> Bool { [EMFILE, ENFILE, EIO, ENOMEM, ESTALE, ETIMEDOUT].contains(error.rawValue) }

    /// A read failed at `now`.
    mutating func failed(_ path: String, at now: ContinuousClock.Instant) {
        guard let known = entries[path] else {
            guard entries.count < Self.pathLimit else { return }
            entries[path] = Entry(delay: Self.firstDelay * 2, at: now + Self.firstDelay, failures: 1)
            return
        }
        entries[path] = Entry(
            delay: min(known.delay * 2, Self.longestDelay), at: now + known.delay, failures: known.failures + 1)
    }

    /// It was read, is gone, or cannot be read for another reason.
    mutating func settled(_ path: String) { entries[path] = nil }

    /// What is to be tried again at `now`, sorted.
    func due(at now: ContinuousClock.Instant) -> [String] { entries.filter { $0.value.at <= now }.keys.sorted() }

    /// When something is due; nil: nothing is.
    var nextAt: ContinuousClock.Instant? { entries.values.map(\.at).min() }

    /// Something may still be read soon.
    var isAwaited: Bool { entries.values.contains { $0.failures < Self.awaitedFailures } }
}
