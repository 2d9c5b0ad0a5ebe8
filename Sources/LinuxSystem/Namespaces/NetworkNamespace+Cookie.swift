import Glibc

extension NetworkNamespace {
    /// The number by which BPF programs know the network namespace of the calling thread (`bpf_get_netns_cookie`):
    /// unlike an inode it is never given out again. Linux 5.14.
    package static func currentCookie() throws(Errno) -> UInt64 {
        let socket = FileDescriptor(
            owning: try syscall("socket") { Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0) })
        var cookie: UInt64 = 0
        var length = socklen_t(MemoryLayout<UInt64>.size)
        try syscall("getsockopt") {
            // SAFETY: the kernel writes at most `length` bytes, the size of `cookie`.
            unsafe getsockopt(socket.rawValue, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length)
        }
        return cookie
    }
}
