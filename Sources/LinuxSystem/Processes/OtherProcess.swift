private import CLinux
import Glibc

/// A process that this one did not start, held by a pidfd: it never comes to mean another one.
package struct OtherProcess: ~Copyable, Sendable {
    private let pidfd: FileDescriptor

    /// - Throws: `noSuchProcess` when there is none of this id, as this process sees them.
    package init(_ pid: Int32) throws(Errno) {
        pidfd = FileDescriptor(owning: try syscall("pidfd_open") { clinux_process(pid) })
    }

    /// Sends a signal; false when the process has ended already, or is not ours to signal.
    @discardableResult
    package func signal(_ number: Int32) -> Bool { clinux_signal(pidfd.rawValue, number) == 0 }

    /// Waits for its end; false when it still runs after `timeout`. Not for the cooperative pool.
    package func waitForEnd(timeout: Duration) throws(Errno) -> Bool {
        let epoll = try Epoll()
        try epoll.add(pidfd.rawValue, .readable, token: 0)
        return try !epoll.wait(timeout: timeout).isEmpty
    }
}
