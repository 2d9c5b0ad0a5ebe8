import Glibc
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"), .timeLimit(.minutes(1)))
struct SocketCookieTests {
    private static func cookie(of socket: borrowing Socket) throws -> UInt64 {
        var value: UInt64 = 0
        var length = socklen_t(MemoryLayout<UInt64>.size)
        let descriptor = socket.descriptor.rawValue
        try syscall("getsockopt") { unsafe getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &value, &length) }
        return value
    }

    @Test("the sockets with the cookies asked for are closed, and no other", arguments: IPFamily.allCases, [Socket.Kind.stream, .datagram])
    func closes(family: IPFamily, kind: Socket.Kind) async throws {
        let (closed, wanted, error, other) = try await inNetworkNamespace {
            try run("ip", "link", "set", "lo", "up")
            let loopback = family == .ipv4 ? IPAddress(v4: 0x7F00_0001) : IPAddress(bits: 1, family: .ipv6)
            let server = try Socket(kind, family)
            try server.bind(to: SocketAddress(loopback, port: 0))
            if kind == .stream { try server.listen() }
            let address = try server.localAddress()
            let socket = try Socket(kind, family)
            let other = try Socket(kind, family)
            _ = try socket.connect(to: address)
            _ = try other.connect(to: address)
            let cookie = try Self.cookie(of: socket)
            let port = try #require(PortNumber(rawValue: address.port))
            let closed = try SocketDestroy().destroy(
                cookies: [cookie, 1 << 60], kind == .stream ? .tcp : .udp, family, connectedTo: port)
            return (closed, cookie, try socket.takeError(), try other.takeError())
        }
        #expect(closed == [wanted])
        #expect(error == LinuxSystem.Errno(rawValue: ECONNABORTED))
        #expect(other == nil)
    }
}
