import Glibc

/// The one way into the kernel: calls again when a signal interrupts, and throws what it refuses.
///
/// EBADF and EFAULT trap, for they are never the outside world's doing: a descriptor was used after
/// its owner closed it (and may by now be somebody else's), or a buffer was not there.
///
/// - Throws: every other errno, as soon as `body` returns -1.
@discardableResult
package func syscall<T: FixedWidthInteger>(_ name: StaticString, _ body: () -> T) throws(Errno) -> T {
    while true {
        let result = body()
        guard result == -1 else { return result }
        let error = Errno.current
        switch error.rawValue {
        case EINTR: continue
        case EBADF, EFAULT: preconditionFailure("\(name): \(error)")
        default: throw error
        }
    }
}

/// As `syscall`, with nil in place of EAGAIN: there is nothing to do until the descriptor is ready.
package func syscallUnlessBlocking<T: FixedWidthInteger>(
    _ name: StaticString, _ body: () -> T
) throws(Errno) -> T? {
    do {
        return try syscall(name, body)
    } catch {
        if error == .wouldBlock { return nil }
        throw error
    }
}
