internal import Synchronization

/// How many connections all workers have together, and who waits for that to become less.
final class RelayCapacity: Sendable {
    /// What a worker that stopped to listen waits for.
    enum Want: Sendable {
        /// Nine tenths of the limit or less.
        case room
        /// Anything that was closed.
        case resources
    }

    private struct Waiter: Sendable {
        let want: Want
        let wake: @Sendable () -> Void
    }

    let limit: Int
    /// Listening goes on at this many.
    let watermark: Int
    private let open = Atomic<Int>(0)
    private let isAwaited = Atomic<Bool>(false)
    private let waiting = Mutex<[Int: Waiter]>([:])

    init(limit: Int) {
        precondition(limit > 0)
        self.limit = limit
        watermark = limit * 9 / 10
    }

    var count: Int { open.load(ordering: .relaxed) }

    /// False at the limit. Workers that ask at the same time may pass it together, each by one.
    var hasRoom: Bool { count < limit }

    /// Counts one more.
    func take() { open.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    /// Counts one less, and wakes those who waited for that.
    func giveBack() {
        let left = open.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue
        precondition(left >= 0, "more connections ended than began")
        guard isAwaited.load(ordering: .sequentiallyConsistent) else { return }
        wake(left)
    }

    /// For one worker, in place of what it waited for before: calls `wake` once, on some thread, as soon as there is what is wanted: at once if there is room already.
    func whenThere(_ want: Want, worker: Int, _ wake: @escaping @Sendable () -> Void) {
        waiting.withLock {
            $0[worker] = Waiter(want: want, wake: wake)
            isAwaited.store(true, ordering: .sequentiallyConsistent)
        }
        // Whoever made room meanwhile may not have seen that it is awaited.
        if want == .room, count <= watermark { self.wake(count) }
    }

    private func wake(_ left: Int) {
        let ready = waiting.withLock { waiting in
            let ready = waiting.filter { $0.value.want == .resources || left <= watermark }
            for worker in ready.keys { waiting[worker] = nil }
            isAwaited.store(!waiting.isEmpty, ordering: .sequentiallyConsistent)
            return ready
        }
        for waiter in ready.values { waiter.wake() }
    }
}
