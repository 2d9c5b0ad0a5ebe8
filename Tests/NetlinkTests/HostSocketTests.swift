import LinuxSystem
import Netlink
import NetworkNamespaceTesting
import NetworkTypes
import Testing

@Suite(.timeLimit(.minutes(1))) struct HostSocketTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let address: String
        var transport = TransportProtocol.tcp
        var isIPv6Only = false
        var port: PortNumber = 30080
        /// Families in which the NodePort 30080/tcp is served.
        var families = IPFamily.allCases
        let collides: Bool
    }

    static let cases: [Case] = [
        Case(testDescription: "every IPv4 address", address: "0.0.0.0", collides: true),
        Case(testDescription: "the node's address", address: "192.0.2.1", collides: true),
        Case(testDescription: "another address of the node, where none is served", address: "192.0.2.9", collides: false),
        Case(testDescription: "loopback alone", address: "127.0.0.1", collides: false),
        Case(testDescription: "IPv6 loopback alone", address: "::1", collides: false),
        Case(testDescription: "every IPv6 address", address: "::", isIPv6Only: true, collides: true),
        Case(
            testDescription: "IPv6 alone, where IPv4 is served", address: "::", isIPv6Only: true, families: [.ipv4],
            collides: false),
        Case(testDescription: "both, where IPv4 is served", address: "::", families: [.ipv4], collides: true),
        Case(testDescription: "IPv4, where IPv6 is served", address: "0.0.0.0", families: [.ipv6], collides: false),
        Case(testDescription: "IPv4 in an IPv6 socket", address: "::ffff:192.0.2.1", families: [.ipv4], collides: true),
        Case(testDescription: "another protocol", address: "0.0.0.0", transport: .udp, collides: false),
        Case(testDescription: "another port", address: "0.0.0.0", port: 30081, collides: false),
    ]

    @Test("a socket collides with a NodePort where both would take the same packet", arguments: cases)
    func collision(_ item: Case) throws {
        let addresses = try ["192.0.2.1", "2001:db8::1"].map { try #require(IPAddress($0)) }
        let socket = HostSocket(
            protocol: item.transport, address: try #require(IPAddress(item.address)), port: item.port,
            isIPv6Only: item.isIPv6Only)
        let ports = item.families.map { ServedPort(protocol: .tcp, port: 30080, family: $0, owner: "shop/web:http") }
        let found = PortCollision.find(ports: ports, addresses: addresses, sockets: [socket])
        #expect(found == (item.collides ? [PortCollision(port: found.first?.port ?? ports[0], socket: socket)] : []))
    }

    @Test("a NodePort of both families and several sockets collides once, with the most specific one")
    func once() throws {
        let addresses = try ["192.0.2.1", "2001:db8::1"].map { try #require(IPAddress($0)) }
        let sockets = try ["0.0.0.0", "192.0.2.1", "::"].map {
            HostSocket(protocol: .tcp, address: try #require(IPAddress($0)), port: 30080)
        }
        let ports = IPFamily.allCases.map { ServedPort(protocol: .tcp, port: 30080, family: $0, owner: "shop/web:http") }
        let found = PortCollision.find(ports: ports, addresses: addresses, sockets: sockets)
        #expect(found.map(\.socket) == [sockets[1]])
    }

    @Test("the kernel's listening and bound sockets are found, connected ones are not")
    func kernel() async throws {
        let found = try await inNetworkNamespace { () -> [HostSocket] in
            try run("ip", "link", "set", "lo", "up")
            func at(_ text: String) throws -> SocketAddress {
                guard let address = SocketAddress(text) else { throw TestSupportError("no address: \(text)") }
                return address
            }
            let listener4 = try Socket(.stream, .ipv4)
            try listener4.bind(to: at("127.0.0.1:30080"))
            try listener4.listen()
            let listener6 = try Socket(.stream, .ipv6)
            try listener6.bind(to: at("[::]:30081"))
            try listener6.listen()
            let bound = try Socket(.datagram, .ipv4)
            try bound.bind(to: at("0.0.0.0:30082"))
            let connected = try Socket(.datagram, .ipv4)
            try connected.bind(to: at("127.0.0.1:30083"))
            _ = try connected.connect(to: at("127.0.0.1:30082"))
            let silent = try Socket(.stream, .ipv4)
            try silent.bind(to: at("127.0.0.1:30084"))
            return try SocketDiagnosis().receivers()
        }
        #expect(found.map { "\($0.protocol) \($0.address) \($0.port) \($0.isIPv6Only)" }.sorted() == [
            "tcp 127.0.0.1 30080 false", "tcp :: 30081 true", "udp 0.0.0.0 30082 false",
        ])
        #expect(found.allSatisfy { $0.inode != 0 && $0.interfaceIndex == 0 })
    }
}
