import BPF
import CBPFMaps
import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

/// What clients are told by ICMP through a node whose interfaces carry the packet programs.
@Suite(.serialized) struct ICMPPathTests {
    static let families: [IPFamily] = [.ipv4, .ipv6]
    // linux/in.h, linux/in6.h: never fragment, and tell.
    private static let discoverPathMTU: Int32 = 2
    private static let ipv6Level = Int32(IPPROTO_IPV6)

    @Test("A narrow link behind the backend's router is known to the client", arguments: families, [false, true])
    func pathMTU(_ family: IPFamily, _ isMasqueraded: Bool) throws {
        let path = try PacketPath(family)
        defer { path.close() }
        try path.balance(path.clusterIP, Transport.udp, isMasqueraded: isMasqueraded)
        let server = try PathSocket.bound(in: path.far, to: path.backend)
        let client = try PathSocket.connected(.datagram, in: path.topology.client, to: path.clusterIP) { socket in
            if family == .ipv4 {
                try socket.set(Int32(IPPROTO_IP), IP_MTU_DISCOVER, Self.discoverPathMTU)
            } else {
                try socket.set(Self.ipv6Level, IPV6_MTU_DISCOVER, Self.discoverPathMTU)
            }
        }
        let large = [UInt8](repeating: 1, count: 1400)
        #expect(client.send(large) == nil)
        let told = try client.awaitError()
        #expect(told == Errno(rawValue: EMSGSIZE))
        // The client's own kernel knows now.
        #expect(client.send(large) == Errno(rawValue: EMSGSIZE))
        #expect(client.send([UInt8](repeating: 2, count: 1200)) == nil)
        let received = try server.echo()
        #expect(received == 1200)
        let answer = try client.receive()
        #expect(answer?.count == 1200)
    }

    @Test("Hops that run out at the node or behind it are reported to the client", arguments: families, [1, 2])
    func hops(_ family: IPFamily, _ count: Int32) throws {
        let path = try PacketPath(family)
        defer { path.close() }
        try path.balance(path.clusterIP, Transport.udp, isMasqueraded: true)
        let client = try PathSocket.connected(.datagram, in: path.topology.client, to: path.clusterIP) { socket in
            if family == .ipv4 {
                try socket.set(Int32(IPPROTO_IP), IP_TTL, count)
                try socket.set(Int32(IPPROTO_IP), IP_RECVERR, 1)
            } else {
                try socket.set(Self.ipv6Level, IPV6_UNICAST_HOPS, count)
                try socket.set(Self.ipv6Level, IPV6_RECVERR, 1)
            }
        }
        #expect(client.send([1, 2, 3]) == nil)
        let told = try client.awaitError()
        #expect(told == .hostUnreachable)
    }

    @Test("A closed port of the backend is a closed port of the Service", arguments: families, [false, true])
    func closedPort(_ family: IPFamily, _ isMasqueraded: Bool) throws {
        let path = try PacketPath(family)
        defer { path.close() }
        try path.balance(path.clusterIP, Transport.udp, isMasqueraded: isMasqueraded)
        let client = try PathSocket.connected(.datagram, in: path.topology.client, to: path.clusterIP)
        #expect(client.send([1, 2, 3]) == nil)
        let told = try client.awaitError()
        #expect(told == .connectionRefused)
    }

    @Test("A frontend without endpoints refuses a client, a pod and the node", arguments: families, [Transport.tcp, Transport.udp])
    func refused(_ family: IPFamily, _ transport: UInt8) throws {
        let path = try PacketPath(family)
        defer { path.close() }
        try path.stage.addFrontend(path.clusterIP, transport, service: 7, FW_REJECT)
        let askers = [path.topology.client, path.topology.pods[0].namespace, path.topology.node]
        for namespace in askers {
            let client = try PathSocket.connected(transport == Transport.tcp ? .stream : .datagram, in: namespace, to: path.clusterIP)
            if transport == Transport.udp { #expect(client.send([1, 2, 3]) == nil) }
            let told = try client.awaitError()
            #expect(told == .connectionRefused, "from \(namespace.name)")
        }
    }

    @Test("Datagrams larger than every link pass a NodePort in pieces, both ways", arguments: families)
    func fragments(_ family: IPFamily) throws {
        let path = try PacketPath(family)
        defer { path.close() }
        try path.balance(path.nodePort, Transport.udp, isMasqueraded: true, isNodePort: true)
        let server = try PathSocket.bound(in: path.far, to: path.backend)
        let client = try PathSocket.connected(.datagram, in: path.topology.client, to: path.nodePort)
        let bytes = (0..<4000).map { UInt8(truncatingIfNeeded: $0 / 16) }
        // IPv6 routers cut nothing: the first datagrams only teach the sender how wide the way is.
        var received: Int?
        for _ in 0..<5 where received == nil {
            if client.send(bytes) != nil { continue }
            received = try server.echo(within: .seconds(2))
        }
        #expect(received == 4000)
        let answer = try client.receive()
        #expect(answer == bytes)
    }
}
