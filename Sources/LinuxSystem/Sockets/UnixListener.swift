import Glibc

/// Who listens on a Unix socket that has a path (unix(7)).
package enum UnixListener {
    /// The process that called listen(2) there, found out by connecting to it; nil when nothing listens or nothing is there.
    /// 0: it runs in a process namespace that this one does not see.
    ///
    /// - Throws: `wouldBlock` when too many wait to be accepted, and what connect(2) says of a path that may not be used.
    package static func process(at path: String) throws(Errno) -> Int32? {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let socket = FileDescriptor(owning: try syscall("socket") { Glibc.socket(AF_UNIX, type, 0) })
        do throws(Errno) {
            try connect(socket, path)
        } catch {
            if error == .connectionRefused || error == .noEntry { return nil }
            throw error
        }
        // A struct ucred: process, user, group.
        var peer: (process: Int32, user: UInt32, group: UInt32) = (0, 0, 0)
        var length = socklen_t(12)
        try syscall("getsockopt") {
            // SAFETY: the kernel writes at most `length` bytes, the size of `peer`.
            unsafe getsockopt(socket.rawValue, SOL_SOCKET, SO_PEERCRED, &peer, &length)
        }
        return peer.process
    }

    private static func connect(_ socket: borrowing FileDescriptor, _ path: String) throws(Errno) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw Errno(rawValue: ENAMETOOLONG) }
        // SAFETY: the bytes and a zero behind them fit, as was just made sure.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let raw = socket.rawValue
        try syscall("connect") {
            // SAFETY: a sockaddr_un may be passed as a sockaddr, whose length is given; it is read during the call.
            unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.connect(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
    }
}
