import Glibc

/// Memory that bytes are received to and sent from, allocated once.
@safe package final class TransferBuffer {
    private let memory: UnsafeMutableRawPointer
    package let capacity: Int

    package init(capacity: Int) {
        precondition(capacity > 0)
        // SAFETY: freed once, in deinit.
        unsafe memory = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
        self.capacity = capacity
    }

    deinit {
        // SAFETY: allocated in init, and nothing refers to it any more.
        unsafe memory.deallocate()
    }

    /// Receives to the start of the memory; 0 is the peer's end, nil "not now".
    package func receive(from socket: borrowing Socket) throws(Errno) -> Int? {
        try syscallUnlessBlocking("recv") {
            // SAFETY: the kernel writes at most `capacity` bytes, which is what was allocated.
            unsafe Glibc.recv(socket.descriptor.rawValue, memory, capacity, 0)
        }
    }

    /// Sends a part of the memory and says how many bytes were taken; nil is "not now". A peer that is gone is an
    /// error, never SIGPIPE.
    package func send(_ range: Range<Int>, to socket: borrowing Socket) throws(Errno) -> Int? {
        precondition(range.lowerBound >= 0 && range.upperBound <= capacity)
        return try syscallUnlessBlocking("send") {
            // SAFETY: the range lies within the memory.
            unsafe Glibc.send(
                socket.descriptor.rawValue, memory + range.lowerBound, range.count, Int32(MSG_NOSIGNAL))
        }
    }
}
