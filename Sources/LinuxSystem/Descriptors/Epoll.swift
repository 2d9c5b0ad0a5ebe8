private import CLinux
import Glibc

/// The owner of an epoll set: waits for many descriptors at once (epoll(7)), level-triggered unless an interest says
/// otherwise.
@safe package struct Epoll: ~Copyable, Sendable {
    /// What to wait for. Hang-up and error are always reported.
    package struct Interest: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let readable = Interest(rawValue: EPOLLIN.rawValue)
        package static let writable = Interest(rawValue: EPOLLOUT.rawValue)
        /// The peer of a stream will send nothing more.
        package static let peerEnd = Interest(rawValue: EPOLLRDHUP.rawValue)
        /// Urgent data of TCP.
        package static let urgent = Interest(rawValue: EPOLLPRI.rawValue)
        /// Reported when something changes, and not again while it stays so.
        package static let edgeTriggered = Interest(rawValue: EPOLLET.rawValue)
    }

    /// What happened to the descriptor that was added under `token`.
    package struct Event: Sendable, Hashable {
        package let token: UInt64
        package let isReadable: Bool
        package let isWritable: Bool
        /// Both directions are over, or the descriptor has an error: reading it tells.
        package let isHungUp: Bool
        /// The descriptor has an error; a stream was reset or never came to be.
        package let isFailed: Bool
        /// The peer ended its direction of a stream; what it sent before may be unread.
        package let isPeerEnded: Bool
        package let isUrgent: Bool

        init(token: UInt64, bits: UInt32) {
            self.token = token
            isReadable = bits & EPOLLIN.rawValue != 0
            isWritable = bits & EPOLLOUT.rawValue != 0
            isHungUp = bits & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
            isFailed = bits & EPOLLERR.rawValue != 0
            isPeerEnded = bits & EPOLLRDHUP.rawValue != 0
            isUrgent = bits & EPOLLPRI.rawValue != 0
        }
    }

    /// Room for events that is used again and again: waiting with it allocates nothing.
    @safe package final class EventBuffer {
        fileprivate let events: UnsafeMutablePointer<epoll_event>
        package let capacity: Int

        package init(capacity: Int = 256) {
            precondition(capacity > 0)
            // SAFETY: freed once, in deinit; every field of the C struct is an integer, set before it is read.
            unsafe events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
            unsafe events.initialize(repeating: epoll_event(), count: capacity)
            self.capacity = capacity
        }

        deinit {
            // SAFETY: allocated in init, and nothing refers to it any more.
            unsafe events.deallocate()
        }

        /// One of those that the last wait reported.
        package subscript(index: Int) -> Event {
            precondition(index >= 0 && index < capacity)
            // SAFETY: within the memory of init; tokens are always stored as `u64`.
            return unsafe Event(token: events[index].data.u64, bits: events[index].events)
        }
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
            unsafe Event(token: events[index].data.u64, bits: events[index].events)
        }
    }

    /// Waits as the other `wait` does, and allocates nothing.
    ///
    /// - Parameter milliseconds: -1: for ever.
    /// - Returns: how many events lie in the buffer, from index 0 on. A signal ends the wait: then there is none.
    package func wait(into buffer: EventBuffer, milliseconds: Int32) throws(Errno) -> Int {
        // SAFETY: the kernel writes at most `capacity` events, which is what the buffer holds.
        let count = unsafe epoll_wait(descriptor.rawValue, buffer.events, Int32(buffer.capacity), milliseconds)
        guard count < 0 else { return Int(count) }
        let error = Errno.current
        if error.rawValue == EINTR { return 0 }
        throw error
    }
}

extension Duration {
    /// For epoll_wait and poll: never negative, rounded up so that no wait ends before its time.
    package var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 1_000_000 else { return 1_000_000_000 }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
