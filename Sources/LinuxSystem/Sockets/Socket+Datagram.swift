private import CLinux
package import NetworkTypes

/// A datagram's way: where it came from and which local address it was sent to.
package struct DatagramPath: Sendable, Hashable {
    package var peer: SocketAddress
    /// nil: the kernel chooses by its routes (and a peer may not recognise the reply).
    package var local: IPAddress?

    package init(peer: SocketAddress, local: IPAddress?) {
        self.peer = peer
        self.local = local
    }
}

extension Socket {
    /// What `receiveDatagram` got.
    package struct Datagram: Sendable {
        package let byteCount: Int
        package let path: DatagramPath
        /// The datagram was longer than the buffer, and its end is lost.
        package let isTruncated: Bool
    }

    /// Asks the kernel to tell the local address of each datagram (IP_PKTINFO, RFC 3542), so that a
    /// reply can leave from the address that was asked, which connection tracking and clients expect.
    package func tellLocalAddresses() throws(Errno) {
        try syscall("setsockopt") {
            clinux_tell_local_addresses(descriptor.rawValue, Int32(family.rawValue))
        }
    }

    /// Receives one datagram to the start of `buffer`; nil when none waits.
    package func receiveDatagram(into buffer: inout [UInt8]) throws(Errno) -> Datagram? {
        var (peer, local, truncated) = (clinux_address(), clinux_address(), Int32(0))
        let count = try syscallUnlessBlocking("recvmsg") {
            // SAFETY: at most `count` bytes are written to memory borrowed for the call.
            unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe clinux_receive_datagram(
                    descriptor.rawValue, bytes.baseAddress, bytes.count, &peer, &local, &truncated)
            }
        }
        guard let count else { return nil }
        guard let peer = SocketAddress(native: peer) else { throw .familyNotSupported }
        let path = DatagramPath(peer: peer, local: SocketAddress(native: local)?.address)
        return Datagram(byteCount: count, path: path, isTruncated: truncated != 0)
    }

    /// Sends one datagram the way back; false is "not now": it is for the caller to keep or to drop.
    package func sendDatagram(_ bytes: Span<UInt8>, along path: DatagramPath) throws(Errno) -> Bool {
        var peer = path.peer.native
        var local = path.local.map { SocketAddress($0, port: 0).native } ?? clinux_address()
        let sent = try syscallUnlessBlocking("sendmsg") {
            // SAFETY: `count` bytes are read from memory borrowed for the call.
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe clinux_send_datagram(descriptor.rawValue, bytes.baseAddress, bytes.count, &peer, &local)
            }
        }
        return sent != nil
    }
}
