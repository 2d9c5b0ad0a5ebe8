internal import Glibc
internal import LinuxSystem
internal import NetworkTypes

extension SocketAddress {
    /// Whom a socket is connected to that is to receive nothing: this host's port 9, discard (RFC 863).
    static func nobody(_ family: IPFamily) -> SocketAddress {
        SocketAddress(IPAddress(bits: family == .ipv4 ? 0x7f00_0001 : 1, family: family), port: 9)
    }
}

/// A socket that has a frontend's address and port, which need not be this host's. It only sends.
final class UDPReplySocket {
    let socket: Socket
    let address: SocketAddress
    var users = 0

    init(at address: SocketAddress, mark: UInt32) throws(Errno) {
        let socket = try Socket(.datagram, address.family)
        if mark != 0 { try socket.set(SOL_SOCKET, SO_MARK, Int32(bitPattern: mark)) }
        try socket.setTransparent()
        // Nobody reads what reaches it past TPROXY: it is to hold no memory.
        try socket.set(SOL_SOCKET, SO_RCVBUF, 1)
        // With SO_REUSEADDR: the other workers have one at the same address.
        try socket.bind(to: address)
        // Connected to nobody it receives nothing: a frontend's address may be this host's, whose own server is to have what
        // comes there once the frontend is gone. What is sent names its receiver.
        _ = try socket.connect(to: .nobody(address.family))
        self.socket = socket
        self.address = address
    }
}

/// The reply sockets of one worker: one for each frontend, as long as it has sessions that answered.
struct UDPReplySockets {
    private var sockets: [SocketAddress: UDPReplySocket] = [:]
    private let mark: UInt32
    private let limit: Int

    init(mark: UInt32, limit: Int = UDPLimits.replySockets) {
        self.mark = mark
        self.limit = limit
    }

    var count: Int { sockets.count }

    /// For a session, which gives it back when it ends; one that is not kept when there are too many (`users` 0).
    mutating func take(_ address: SocketAddress) throws(Errno) -> UDPReplySocket {
        if let socket = sockets[address] {
            socket.users += 1
            return socket
        }
        let socket = try UDPReplySocket(at: address, mark: mark)
        if sockets.count < limit {
            sockets[address] = socket
            socket.users = 1
        }
        return socket
    }

    mutating func giveBack(_ socket: UDPReplySocket) {
        socket.users -= 1
        if socket.users == 0 { sockets[socket.address] = nil }
    }
}
