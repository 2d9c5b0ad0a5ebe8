internal import LinuxSystem
internal import Synchronization

/// What every worker answered to one question.
final class RelayAnswers: Sendable {
    private let records = Mutex<[RelayConnectionRecord]>([])
    private let latch: Latch

    init(count: Int) { latch = Latch(count: count) }

    func add(_ some: [RelayConnectionRecord]) {
        records.withLock { $0 += some }
        latch.countDown()
    }

    /// Waits for all answers. Not for the cooperative pool.
    func wait() -> [RelayConnectionRecord] {
        latch.wait()
        return records.withLock { $0 }
    }
}
