internal import LinuxSystem
internal import NetworkTypes

/// One worker's socket of an address. Closed when the worker has let go of it and no reply is under way.
final class UDPSocket: Sendable {
    let socket: Socket
    let address: SocketAddress
    /// It is bound to no address in particular: each datagram says which one it was sent to.
    var isUnspecific: Bool { address.address.isUnspecified }

    /// Bytes of datagrams that wait for a worker: some 10 000 queries, 30 ms of a worker's work. What is beyond is
    /// dropped by the kernel and counted in `UdpRcvbufErrors`; clients ask again.
    static let receiveBufferByteCount = 8 << 20

    init(boundTo address: SocketAddress) throws(SystemError) {
        do throws(Errno) {
            socket = try Socket(.datagram, address.family)
            if address.address.isUnspecified { try socket.tellLocalAddresses() }
            try socket.setReceiveBuffer(byteCount: Self.receiveBufferByteCount)
            try socket.bindShared(to: address)
            self.address = try socket.localAddress()
        } catch {
            throw SystemError("answer at \(address) over UDP", error)
        }
    }

    /// Takes the socket out of those that share the address: a connected one gets only what its peer sends, and this
    /// peer, the discard port of the address itself (RFC 863), sends nothing. What is queued stays.
    func leaveGroup() {
        let peer = address.address.isUnspecified ? Self.loopback(address.family) : address.address
        // Where the address has gone from this host there is no way to the peer, and nothing arrives either.
        _ = try? socket.connect(to: SocketAddress(peer, port: 9, scope: address.scope))
    }

    private static func loopback(_ family: IPFamily) -> IPAddress {
        family == .ipv4 ? IPAddress(v4: 0x7F00_0001) : IPAddress(bits: 1, family: .ipv6)
    }
}
