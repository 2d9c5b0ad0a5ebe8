private import CLinux
import Glibc
package import NetworkTypes

/// When the kernel asks a silent peer whether it is still there (tcp(7)).
package struct KeepAlive: Sendable, Hashable {
    /// Seconds of silence before the first question.
    package var idleSeconds: Int32
    /// Seconds between questions.
    package var intervalSeconds: Int32
    /// Questions without an answer that end the connection.
    package var probes: Int32

    package init(idleSeconds: Int32, intervalSeconds: Int32, probes: Int32) {
        self.idleSeconds = idleSeconds
        self.intervalSeconds = intervalSeconds
        self.probes = probes
    }
}

extension Socket {
    /// Sends small segments at once (TCP_NODELAY). A listening socket hands this on to what it accepts.
    package func setNoDelay() throws(Errno) { try set(Int32(IPPROTO_TCP), TCP_NODELAY, 1) }

    /// Leaves urgent data where it is in the stream (SO_OOBINLINE); otherwise `receive` leaves it out. A listening
    /// socket hands this on to what it accepts.
    package func keepUrgentDataInline() throws(Errno) { try set(SOL_SOCKET, SO_OOBINLINE, 1) }

    /// A listening socket hands this on to what it accepts.
    package func setKeepAlive(_ keepAlive: KeepAlive) throws(Errno) {
        try set(SOL_SOCKET, SO_KEEPALIVE, 1)
        try set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, keepAlive.idleSeconds)
        try set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, keepAlive.intervalSeconds)
        try set(Int32(IPPROTO_TCP), TCP_KEEPCNT, keepAlive.probes)
    }

    /// Marks what is sent, for routing and netfilter (SO_MARK); needs CAP_NET_ADMIN.
    package func setMark(_ mark: UInt32) throws(Errno) { try set(SOL_SOCKET, SO_MARK, Int32(bitPattern: mark)) }

    /// Binds to an address and leaves the port to `connect`, which knows the peer and so has many more to choose from
    /// (IP_BIND_ADDRESS_NO_PORT, ip(7)).
    package func bindWithoutPort(to address: IPAddress) throws(Errno) {
        // linux/in.h; IPv6 sockets take it at the level of IPv4.
        try set(Int32(IPPROTO_IP), 24, 1)
        var native = SocketAddress(address, port: 0).native
        // SAFETY: the address is only read, during the call.
        try syscall("bind") { unsafe clinux_bind(descriptor.rawValue, &native) }
    }

    /// Makes closing reset the connection: the peer sees an error, and what was not sent yet is dropped (socket(7),
    /// SO_LINGER with no time).
    package func resetOnClose() throws(Errno) {
        try syscall("setsockopt") { clinux_reset_on_close(descriptor.rawValue) }
    }

    /// Where the connection went before netfilter's REDIRECT or DNAT changed it; `.noEntry` when connection tracking
    /// does not know it.
    package func originalDestination() throws(Errno) -> SocketAddress {
        var native = clinux_address()
        try syscall("getsockopt") {
            // SAFETY: the C side fills the address in during the call.
            unsafe clinux_original_destination(descriptor.rawValue, Int32(family.rawValue), &native)
        }
        guard let address = SocketAddress(native: native) else { throw .familyNotSupported }
        return address
    }
}
