private import CLinux
import Glibc

/// The owner of an epoll set: waits for many descriptors at once (epoll(7)), level-triggered.
@safe package struct Epoll: ~Copyable, Sendable {
    /// What to wait for. Hang-up and error are always reported.
    package struct Interest: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let readable = Interest(rawValue: EPOLLIN.rawValue)
        package static let writable = Interest(rawValue: EPOLLOUT.rawValue)
    }

    /// What happened to the descriptor that was added under `token`.
    package struct Event: Sendable, Hashable {
        package let token: UInt64
        package let isReadable: Bool
        package let isWritable: Bool
        /// Both directions are over, or the descriptor has an error: reading it tells.
        package let isHungUp: Bool
    }

    private let descriptor: FileDescriptor

    package init() throws(Errno) {
        descriptor = FileDescriptor(owning: try syscall("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
    }

    /// Adds an open descriptor; `token` comes back with its events.
    package func add(_ target: Int32, _ interest: Interest, token: UInt64) throws(Errno) {
        try control(EPOLL_CTL_ADD, target, interest, token)
    }

    package func modify(_ target: Int32, _ interest: Interest, token: UInt64) throws(Errno) {
        try control(EPOLL_CTL_MOD, target, interest, token)
    }

    package func remove(_ target: Int32) throws(Errno) {
        try control(EPOLL_CTL_DEL, target, [], 0)
    }

    private func control(
        _ operation: Int32, _ target: Int32, _ interest: Interest, _ token: UInt64
    ) throws(Errno) {
        // SAFETY: every field of the imported C struct is an integer or a union of integers.
        var event = unsafe epoll_event()
        unsafe event.events = interest.rawValue
        unsafe event.data.u64 = token
        let result = try syscall("epoll_ctl") {
            // SAFETY: the kernel only reads the event, during the call.
            unsafe epoll_ctl(descriptor.rawValue, operation, target, &event)
        }
        assert(result == 0)
    }

    /// Waits until something is ready, at most for `timeout` (nil: for ever), rounded up to 1 ms.
    ///
    /// Returns at most `limit` events; the rest comes with the next call.
    package func wait(limit: Int = 256, timeout: Duration? = nil) throws(Errno) -> [Event] {
        // SAFETY: every field of the imported C struct is an integer or a union of integers.
        var events = unsafe [epoll_event](repeating: epoll_event(), count: limit)
        let deadline = timeout.map { ContinuousClock.now + $0 }
        let count = try syscall("epoll_wait") {
            let milliseconds = deadline.map { (ContinuousClock.now.duration(to: $0)).milliseconds } ?? -1
            // SAFETY: the kernel writes at most `limit` events, which is what the array holds.
            return unsafe epoll_wait(descriptor.rawValue, &events, Int32(limit), milliseconds)
        }
        return (0..<Int(count)).map { index in
            // SAFETY: the kernel filled this event, and tokens are always stored as `u64`.
            let (bits, token) = unsafe (events[index].events, events[index].data.u64)
            return Event(
                token: token, isReadable: bits & EPOLLIN.rawValue != 0,
                isWritable: bits & EPOLLOUT.rawValue != 0,
                isHungUp: bits & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0)
        }
    }
}

extension Duration {
    /// For epoll_wait and poll: never negative, rounded up so that no wait ends before its time.
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 1_000_000 else { return 1_000_000_000 }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
