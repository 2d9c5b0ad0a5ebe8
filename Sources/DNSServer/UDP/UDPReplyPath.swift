package import LinuxSystem

/// The way back of one datagram, for a reply that comes later. It keeps the socket open, so that it works also after the
/// server has stopped listening there.
package struct UDPReplyPath: ReplyPath {
    let socket: UDPSocket
    package let path: DatagramPath

    package func send(_ message: [UInt8]) {
        // A reply that cannot be sent is lost, as datagrams are; the client asks again.
        _ = try? socket.socket.sendDatagram(message.span, along: path)
    }
}
