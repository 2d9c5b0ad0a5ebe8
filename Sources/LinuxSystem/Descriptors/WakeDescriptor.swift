private import CLinux
import Glibc

/// An eventfd(2): becomes readable when another thread signals it, until it is cleared.
@safe package struct WakeDescriptor: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    package init() throws(Errno) {
        let flags = Int32(EFD_CLOEXEC | EFD_NONBLOCK)
        descriptor = FileDescriptor(owning: try syscall("eventfd") { eventfd(0, flags) })
    }

    package var rawValue: Int32 { descriptor.rawValue }

    /// Makes it readable; signals that nobody cleared yet count as one.
    package func signal() {
        var one: UInt64 = 1
        // The only failure is EAGAIN at 2^64 - 1, and then it is readable already.
        _ = try? syscallUnlessBlocking("write") {
            // SAFETY: the kernel reads the eight bytes of `one` during the call.
            unsafe Glibc.write(descriptor.rawValue, &one, MemoryLayout<UInt64>.size)
        }
    }

    /// Makes it unreadable until the next signal.
    package func clear() {
        var count: UInt64 = 0
        _ = try? syscallUnlessBlocking("read") {
            // SAFETY: the kernel writes the eight bytes of `count` during the call.
            unsafe Glibc.read(descriptor.rawValue, &count, MemoryLayout<UInt64>.size)
        }
    }
}
