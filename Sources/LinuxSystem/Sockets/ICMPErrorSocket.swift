private import CLinux
package import NetworkTypes

/// Sends ICMP errors on behalf of addresses that datagrams could not be delivered for (RFC 792, RFC 4443). Needs
/// CAP_NET_RAW, and CAP_NET_ADMIN for addresses that are not this host's. It receives nothing.
@safe package struct ICMPErrorSocket: ~Copyable, Sendable {
    package enum Problem: Sendable, Hashable {
        case portUnreachable
        case hostUnreachable
    }

    private let descriptor: FileDescriptor

    /// Makes it in the network namespace of the calling thread.
    package init(_ family: IPFamily) throws(Errno) {
        let raw = try syscall("socket") { clinux_icmp_socket(Int32(family.rawValue)) }
        descriptor = FileDescriptor(owning: raw)
    }

    /// Tells the flow's peer; the error quotes headers as its datagram had them, which is what its kernel finds the socket
    /// by.
    ///
    /// - Throws: what sendmsg(2) refuses, `wouldBlock` among it.
    package func tell(_ problem: Problem, to flow: DatagramFlow) throws(Errno) {
        var native = flow.native
        try syscall("sendmsg") {
            // SAFETY: the flow is only read, during the call.
            unsafe clinux_send_icmp_error(descriptor.rawValue, &native, problem == .hostUnreachable ? 1 : 0)
        }
    }
}
