private import CLinux
import Glibc
package import NetworkTypes

/// The owner of an internet socket, nonblocking and close-on-exec.
@safe package struct Socket: ~Copyable, Sendable {
    package enum Kind: Sendable {
        case stream
        case datagram
    }

    package let descriptor: FileDescriptor
    package let family: IPFamily

    /// Makes a socket in the network namespace of the calling thread. An IPv6 one is IPv6 only.
    package init(_ kind: Kind, _ family: IPFamily) throws(Errno) {
        let domain = family == .ipv4 ? AF_INET : AF_INET6
        let kind = kind == .stream ? SOCK_STREAM : SOCK_DGRAM
        let type = Int32(kind.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = FileDescriptor(owning: try syscall("socket") { socket(domain, type, 0) })
        if family == .ipv6 { try setOption(descriptor.rawValue, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        self.init(owning: descriptor, family)
    }

    /// As the other one for streams, without the call that makes an IPv6 socket IPv6 only, which says nothing of one
    /// that connects.
    package init(stream family: IPFamily) throws(Errno) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let raw = try syscall("socket") { socket(family == .ipv4 ? AF_INET : AF_INET6, type, 0) }
        self.init(owning: FileDescriptor(owning: raw), family)
    }

    private init(owning descriptor: consuming FileDescriptor, _ family: IPFamily) {
        self.descriptor = descriptor
        self.family = family
    }

    /// Sets an integer option (setsockopt(2)).
    package func set(_ level: Int32, _ option: Int32, _ value: Int32) throws(Errno) {
        try setOption(descriptor.rawValue, level, option, value)
    }

    /// Takes the error that was kept for this socket (SO_ERROR), nil when there is none.
    package func takeError() throws(Errno) -> Errno? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        try syscall("getsockopt") {
            // SAFETY: the kernel writes at most `length` bytes, the size of `value`.
            unsafe getsockopt(descriptor.rawValue, SOL_SOCKET, SO_ERROR, &value, &length)
        }
        return value == 0 ? nil : Errno(rawValue: value)
    }

    /// Binds to a local address, free to take it over from connections that are only timing out.
    package func bind(to address: SocketAddress) throws(Errno) {
        try set(SOL_SOCKET, SO_REUSEADDR, 1)
        var native = address.native
        // SAFETY: the address is only read, during the call.
        try syscall("bind") { unsafe clinux_bind(descriptor.rawValue, &native) }
    }

    /// - Parameter backlog: connections that wait to be accepted; the kernel's somaxconn caps it.
    package func listen(backlog: Int32 = 4096) throws(Errno) {
        try syscall("listen") { Glibc.listen(descriptor.rawValue, backlog) }
    }

    /// The next connection and where it comes from; nil when none waits.
    package func accept() throws(Errno) -> Accepted? {
        var native = clinux_address()
        let raw = try syscallUnlessBlocking("accept4") {
            // SAFETY: the C side fills the address in during the call.
            unsafe clinux_accept(descriptor.rawValue, &native)
        }
        guard let raw else { return nil }
        let socket = Socket(owning: FileDescriptor(owning: raw), family)
        guard let peer = SocketAddress(native: native) else { throw .familyNotSupported }
        return Accepted(socket: socket, peer: peer)
    }

    /// A connection that `accept` took.
    package struct Accepted: ~Copyable, Sendable {
        package let socket: Socket
        package let peer: SocketAddress

        /// Hands the socket on.
        package consuming func take() -> Socket { socket }
    }

    /// Starts to connect; false when the outcome is not known yet: it becomes writable, and then
    /// `takeError` tells. A datagram socket is connected at once.
    package func connect(to address: SocketAddress) throws(Errno) -> Bool {
        var native = address.native
        do {
            // SAFETY: the address is only read, during the call.
            try syscall("connect") { unsafe clinux_connect(descriptor.rawValue, &native) }
            return true
        } catch {
            if error == .inProgress { return false }
            throw error
        }
    }

    package func localAddress() throws(Errno) -> SocketAddress {
        var native = clinux_address()
        // SAFETY: the C side fills the address in during the call.
        try syscall("getsockname") { unsafe clinux_local_address(descriptor.rawValue, &native) }
        guard let address = SocketAddress(native: native) else { throw .familyNotSupported }
        return address
    }

    /// Says that nothing more will be sent; receiving goes on.
    package func shutdownSending() throws(Errno) {
        try syscall("shutdown") { shutdown(descriptor.rawValue, Int32(SHUT_WR)) }
    }

    /// Sends from the start of `bytes` and says how many were taken; nil is "not now". A peer that is
    /// gone is an error, never SIGPIPE.
    package func send(_ bytes: Span<UInt8>) throws(Errno) -> Int? {
        try syscallUnlessBlocking("send") {
            // SAFETY: the kernel reads at most `count` bytes of memory borrowed for the call.
            unsafe bytes.withUnsafeBufferPointer {
                unsafe Glibc.send(descriptor.rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
        }
    }

    /// Receives to the start of `buffer`; 0 is the peer's end, nil "not now".
    package func receive(into buffer: inout [UInt8]) throws(Errno) -> Int? {
        try descriptor.read(into: &buffer)
    }
}

private func setOption(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) throws(Errno) {
    var value = value
    try syscall("setsockopt") {
        // SAFETY: the kernel reads the four bytes of `value` during the call.
        unsafe setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
