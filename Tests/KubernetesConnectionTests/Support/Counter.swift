import Synchronization

/// Counts from several tasks.
final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    /// - Returns: the count with this.
    func add() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
