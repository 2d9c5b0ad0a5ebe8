import LinuxSystem

/// Somebody who waits for a descriptor.
protocol EventHandler: AnyObject {
    func handle(_ event: Epoll.Event)
}

/// One thread, one epoll set and the timers; everything that serves runs on it.
final class EventLoop {
    private struct Timer {
        let deadline: ContinuousClock.Instant
        let action: () -> Void
    }

    private let epoll: Epoll
    private var handlers: [UInt64: any EventHandler] = [:]
    /// The latest deadline first, so that the next one is taken from the end.
    private var timers: [Timer] = []
    private var nextToken: UInt64 = 0
    private var isStopped = false

    init() throws(Errno) { epoll = try Epoll() }

    /// Waits for a descriptor on behalf of `handler`, which stays alive until `remove`.
    func add(_ descriptor: Int32, _ interest: Epoll.Interest, _ handler: any EventHandler) throws(Errno) -> UInt64 {
        nextToken += 1
        try epoll.add(descriptor, interest, token: nextToken)
        handlers[nextToken] = handler
        return nextToken
    }

    func modify(_ descriptor: Int32, _ interest: Epoll.Interest, token: UInt64) throws(Errno) {
        try epoll.modify(descriptor, interest, token: token)
    }

    func remove(_ descriptor: Int32, token: UInt64) {
        guard handlers.removeValue(forKey: token) != nil else { return }
        // Fails only for a descriptor that is not in the set, which the line above ruled out.
        try? epoll.remove(descriptor)
    }

    func schedule(after delay: Duration, _ action: @escaping () -> Void) {
        let timer = Timer(deadline: .now + delay, action: action)
        var (low, high) = (0, timers.count)
        while low < high {
            let middle = (low + high) / 2
            if timers[middle].deadline > timer.deadline { low = middle + 1 } else { high = middle }
        }
        timers.insert(timer, at: low)
    }

    func stop() { isStopped = true }

    func run() throws(Errno) {
        while !isStopped {
            let timeout = timers.last.map { ContinuousClock.now.duration(to: $0.deadline) }
            for event in try epoll.wait(timeout: timeout) {
                // An earlier event of this round may have removed the handler.
                handlers[event.token]?.handle(event)
            }
            while !isStopped, let timer = timers.last, timer.deadline <= .now {
                timers.removeLast()
                timer.action()
            }
        }
    }
}
