import CNetfilter
import Glibc

/// An open netlink socket of the network namespace of the thread that opened it.
///
/// Its calls block for as long as the kernel works; run them on a dedicated thread.
@safe package struct NetlinkSocket: ~Copyable, Sendable {
    /// The netlink families in use (NETLINK_* of linux/netlink.h).
    package enum Family: Sendable {
        case netfilter
        case route
        /// Sockets of the host (sock_diag(7)).
        case socketDiagnosis

        fileprivate var number: Int32 {
            switch self {
            case .netfilter: NETLINK_NETFILTER
            case .route: NETLINK_ROUTE
            case .socketDiagnosis: NETLINK_SOCK_DIAG
            }
        }
    }

    let descriptor: Int32
    /// The address the kernel gave this socket; notifications of its own commits carry it.
    package let portID: UInt32

    /// Opens and binds a socket with extended acknowledgements.
    ///
    /// - Parameter receiveQueueBytes: the receive queue; forced past net.core.rmem_max where allowed.
    /// - Throws: `.unsupported` when the kernel lacks the family.
    package init(_ family: Family, receiveQueueBytes: Int = NetlinkLimits.acknowledgementQueueBytes)
        throws(NetlinkError)
    {
        (descriptor, portID) = try NetlinkSocket.open(family)
        // Absent before Linux 4.12 and 4.3: errors then come without the kernel's words.
        setOption(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        setOption(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        setBuffer(force: SO_RCVBUFFORCE, plain: SO_RCVBUF, bytes: receiveQueueBytes)
        setBuffer(force: SO_SNDBUFFORCE, plain: SO_SNDBUF, bytes: NetlinkLimits.sendBytes)
    }

    private static func open(_ family: Family) throws(NetlinkError) -> (descriptor: Int32, portID: UInt32) {
        let doing = "open netlink socket"
        let descriptor = Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), family.number)
        guard descriptor >= 0 else { throw NetlinkError(errno: errno, doing: doing) }
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        var length = socklen_t(MemoryLayout<sockaddr_nl>.size)
        // SAFETY: both calls get the address of a local of the size given, and keep nothing.
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                let bound = unsafe bind(descriptor, generic, length)
                return unsafe bound == 0 ? getsockname(descriptor, generic, &length) : bound
            }
        }
        guard status == 0 else {
            let cause = errno
            close(descriptor)
            throw NetlinkError(errno: cause, doing: doing)
        }
        return (descriptor, address.nl_pid)
    }

    deinit { close(descriptor) }

    /// Subscribes to a multicast group.
    package func join(group: UInt32) throws(NetlinkError) {
        guard setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, Int32(bitPattern: group)) == 0 else {
            throw NetlinkError(errno: errno, doing: "subscribe to netlink group \(group)")
        }
    }

    /// Makes the send buffer large enough for one message of `bytes`.
    func reserveSendBuffer(_ bytes: Int) {
        guard bytes > NetlinkLimits.sendBytes / 2 else { return }
        // The kernel doubles what it is given and refuses what leaves no 32 bytes to spare.
        setBuffer(force: SO_SNDBUFFORCE, plain: SO_SNDBUF, bytes: bytes + 4096)
    }

    /// Hands the first `count` bytes to the kernel, which has processed them when this returns.
    func send(_ bytes: [UInt8], count: Int, doing: String) throws(NetlinkError) {
        precondition(count <= bytes.count, "cannot send more than there is")
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        let descriptor = descriptor
        while true {
            // SAFETY: the buffer holds `count` bytes, the address is a local; the call keeps neither.
            let sent = unsafe bytes.withUnsafeBytes { buffer in
                unsafe withUnsafePointer(to: &address) { pointer in
                    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                        unsafe sendto(
                            descriptor, buffer.baseAddress, count, 0, generic,
                            socklen_t(MemoryLayout<sockaddr_nl>.size))
                    }
                }
            }
            if sent >= 0 { return }
            if errno != EINTR { throw NetlinkError(errno: errno, doing: doing) }
        }
    }

    /// Receives one datagram of the kernel's into `buffer`.
    ///
    /// - Returns: its length; nil when there is none and `wait` is false.
    /// - Throws: `.overflow` when the kernel had to drop messages for this socket.
    package func receive(into buffer: inout [UInt8], wait: Bool, doing: String) throws(NetlinkError) -> Int? {
        var address = sockaddr_nl()
        var addressLength = socklen_t(MemoryLayout<sockaddr_nl>.size)
        let flags = Int32(MSG_TRUNC) | (wait ? 0 : Int32(MSG_DONTWAIT))
        let descriptor = descriptor
        while true {
            // SAFETY: the kernel writes at most buffer.count bytes and one sockaddr_nl.
            let received = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe withUnsafeMutablePointer(to: &address) { pointer in
                    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                        unsafe recvfrom(descriptor, bytes.baseAddress, bytes.count, flags, generic, &addressLength)
                    }
                }
            }
            if received < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { return nil }
                throw NetlinkError(errno: errno, doing: doing)
            }
            guard received <= buffer.count else {
                throw NetlinkError(errno: EMSGSIZE, doing: doing)
            }
            // Only the kernel, port 0, answers; another process could have sent to our port.
            if address.nl_pid == 0 { return received }
        }
    }

    /// Throws away what is queued: answers that a failed call left unread, notifications after an overflow.
    func drain() {
        var byte: UInt8 = 0
        while true {
            // SAFETY: the kernel writes at most one byte and throws the rest of the message away.
            let received = unsafe recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT))
            if received < 0 && errno != EINTR && errno != ENOBUFS { return }
        }
    }

    @discardableResult
    private func setOption(_ level: Int32, _ option: Int32, _ value: Int32) -> Int32 {
        var value = value
        // SAFETY: the kernel copies the four bytes of a local.
        return unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private func setBuffer(force: Int32, plain: Int32, bytes: Int) {
        let value = Int32(clamping: min(bytes, Int(Int32.max) / 2))
        if setOption(SOL_SOCKET, force, value) != 0 { setOption(SOL_SOCKET, plain, value) }
    }
}
