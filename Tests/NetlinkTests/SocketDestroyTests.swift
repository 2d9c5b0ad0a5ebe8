import Glibc
import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"), .timeLimit(.minutes(1)))
struct SocketDestroyTests {
    /// Waits until the socket has something to say, and returns its error.
    private static func error(of socket: borrowing Socket) throws -> LinuxSystem.Errno? {
        let epoll = try Epoll()
        try epoll.add(socket.descriptor.rawValue, .readable, token: 0)
        _ = try epoll.wait(timeout: .seconds(5))
        return try socket.takeError()
    }

    @Test("a connection is closed at both ends, and nothing else", arguments: IPFamily.allCases)
    func closes(family: IPFamily) async throws {
        let result = try await inNetworkNamespace {
            try run("ip", "link", "set", "lo", "up")
            let loopback = family == .ipv4 ? IPAddress(v4: 0x7F00_0001) : IPAddress(bits: 1, family: .ipv6)
            let listener = try Socket(.stream, family)
            try listener.bind(to: SocketAddress(loopback, port: 0))
            try listener.listen()
            let server = try listener.localAddress()
            let client = try Socket(.stream, family)
            let other = try Socket(.stream, family)
            _ = try client.connect(to: server)
            _ = try other.connect(to: server)
            let epoll = try Epoll()
            try epoll.add(listener.descriptor.rawValue, .readable, token: 0)
            _ = try epoll.wait(timeout: .seconds(5))
            guard let accepted = try listener.accept() else { throw TestSupportError("no connection came") }
            let local = try client.localAddress()
            let tuple = ConntrackTuple(
                source: local.address, sourcePort: local.port, destination: server.address,
                destinationPort: server.port)
            let destroyer = try SocketDestroy()
            let first = try destroyer.destroyConnection(tuple)
            let again = try destroyer.destroyConnection(tuple)
            let peer = accepted.take()
            let errors = (try Self.error(of: client), try Self.error(of: peer), try other.takeError())
            // A forwarded connection's client may have the number of a port that a process here listens to.
            var forwarded = tuple
            forwarded.source = server.address
            forwarded.sourcePort = server.port
            forwarded.destination = loopback
            forwarded.destinationPort = 9
            let listenerClosed = try destroyer.destroyConnection(forwarded)
            return (first, again, errors.0, errors.1, errors.2, listenerClosed)
        }
        #expect(result.0)
        #expect(!result.1)
        #expect(result.2 == LinuxSystem.Errno(rawValue: ECONNABORTED))
        #expect(result.3 == .connectionReset)
        #expect(result.4 == nil)
        #expect(!result.5)
    }
}
