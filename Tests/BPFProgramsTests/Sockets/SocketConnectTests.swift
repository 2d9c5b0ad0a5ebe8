import BPF
import CBPFMaps
import NetworkNamespaceTesting
import Testing

/// connect(), over real sockets: where they get to and what they see.
@Suite(.enabled(if: SocketNode.isPossible, "needs root and python3"))
struct SocketConnectTests {
    /// A Service in both families with a backend each.
    private func node() throws -> SocketNode {
        let node = try SocketNode(addresses: ["fd00:1::1/128"])
        let four = TestFrontend(address: "10.96.0.1", port: 80)
        let six = TestFrontend(address: "fd00:96::1", port: 80)
        try node.maps.write(
            TestService(
                id: 1, frontends: [four, four.udp()], backends: [TestBackend(id: 1, address: "127.0.1.1", port: 8080)]))
        try node.maps.write(
            TestService(id: 2, frontends: [six, six.udp()], backends: [TestBackend(id: 2, address: "fd00:1::1", port: 8080)]))
        return node
    }

    struct Case: CustomTestStringConvertible {
        var asked: String
        var server: String
        var backend: UInt32
        /// The client as the server sees it.
        var client: String
        var testDescription: String { asked }
    }

    static let cases = [
        Case(asked: "10.96.0.1", server: "127.0.1.1", backend: 1, client: "127.0.0.1"),
        Case(asked: "fd00:96::1", server: "fd00:1::1", backend: 2, client: "fd00:1::1"),
        Case(asked: "::ffff:10.96.0.1", server: "127.0.1.1", backend: 1, client: "127.0.0.1"),
    ]

    @Test("A TCP client gets to the backend, and sees the Service as its peer", arguments: cases)
    func tcp(_ row: Case) async throws {
        let node = try node()
        let lines = try await node.run(
            """
            server = listen('\(row.server)', 8080)
            client = connected(tcp, '\(row.asked)', 80)
            accepted, _ = server.accept()
            client.sendall(b'question')
            say(accepted.recv(100).decode())
            say(end(accepted.getsockname()))
            say(end(client.getpeername()))
            """)
        #expect(lines == ["question", "\(row.server) 8080", "\(row.asked) 80"])
        #expect(try node.maps.connections(row.backend) == 1)
    }

    @Test("A connected UDP client gets there, and answers come from the Service", arguments: cases)
    func connectedUDP(_ row: Case) async throws {
        let node = try node()
        let lines = try await node.run(
            """
            server = bound('\(row.server)', 8080)
            client = connected(udp, '\(row.asked)', 80)
            client.send(b'question')
            question, source = server.recvfrom(100)
            server.sendto(question + b' answered', source)
            answer, source = client.recvfrom(100)
            say(answer.decode())
            say(end(source))
            say(end(client.getpeername()))
            """)
        #expect(lines == ["question answered", "\(row.asked) 80", "\(row.asked) 80"])
        #expect(try node.maps.connections(row.backend) == 1)
    }

    @Test("What is remembered of a socket")
    func entry() async throws {
        let node = try node()
        let client = try node.start(
            """
            server = listen('127.0.1.1', 8080)
            client = connected(tcp, '10.96.0.1', 80)
            say(client.getsockopt(socket.SOL_SOCKET, 57, 8).hex(), client.getsockopt(socket.SOL_SOCKET, 71, 8).hex())
            pause('open')
            """)
        try await client.waitForLine(containing: "open")
        let entry = try #require(try node.maps.sockets.all().first)
        // SO_COOKIE and SO_NETNS_COOKIE, in the host's order.
        let words = client.lines[0].split(separator: " ").compactMap { UInt64($0, radix: 16)?.byteSwapped }
        #expect([entry.key, entry.value.namespace_cookie] == words)
        #expect(entry.value.frontend.text == "10.96.0.1" && entry.value.frontend_port == UInt16(80).bigEndian)
        #expect(entry.value.peer.text == "127.0.1.1" && entry.value.peer_port == UInt16(8080).bigEndian)
        #expect(entry.value.service == 1 && entry.value.backend == 1 && entry.value.protocol == 6)
        #expect(entry.value.flags == UInt32(FW_SOCKET_COUNTED) && entry.value.opened > 0)
        client.resume()
        try await client.waitForExit()
        #expect(try node.maps.sockets.count() == 0)
    }

    @Test("Maglev, source hash and affinity know an unbound client of another namespace by that, a bound one by its address")
    func clients() async throws {
        let node = try SocketNode()
        try node.maps.write(
            TestService(
                frontends: [TestFrontend(address: "10.96.0.1", port: 80)],
                backends: (1...3).map { TestBackend(id: $0, address: "127.0.1.\($0)", port: 8080) }, affinitySeconds: 60))
        let lines = try await node.run(
            """
            servers = [listen('127.0.1.%d' % number, 8080) for number in (1, 2, 3)]
            unbound = [connected(tcp, '10.96.0.1', 80) for _ in range(4)]
            for address in ('127.0.0.7', '127.0.0.7', '127.0.0.8'):
                client = tcp()
                client.bind((address, 0))
                client.connect(('10.96.0.1', 80))
            say(unbound[0].getsockopt(socket.SOL_SOCKET, 71, 8).hex())
            """)
        let cookie = try #require(UInt64(lines[0], radix: 16)).byteSwapped
        let own = fw_address(words: (0, 0, UInt32(cookie >> 32), UInt32(truncatingIfNeeded: cookie)))
        #expect(try [1, 2, 3].map { try node.maps.connections($0) } == [4, 2, 1])
        let known = [own, fw_address("127.0.0.7"), fw_address("127.0.0.8")]
        for (client, backend) in zip(known, 1...3 as ClosedRange<UInt32>) {
            #expect(try node.maps.affinity.lookup(fw_affinity_key(owner: 1, client: client))?.backend == backend)
        }
    }

    @Test("A client of the node's namespace is known by the node's address")
    func nodeClient() async throws {
        let node = try node()
        let cookie = try await node.run("say(tcp().getsockopt(socket.SOL_SOCKET, 71, 8).hex())")
        var settings = fw_settings()
        settings.node_namespace = try #require(UInt64(cookie[0], radix: 16)).byteSwapped
        (settings.ipv4, settings.ipv6) = (fw_address("192.0.2.1"), fw_address("fd00::1"))
        try node.maps.settings.update(0, settings)
        for service in 1...2 as ClosedRange<UInt32> {
            let key = fw_set_key(service: service, scope: FW_CLUSTER.rawValue)
            var set = try #require(try node.maps.backendSets.lookup(key))
            set.affinity_seconds = 60
            try node.maps.backendSets.update(key, set)
        }
        _ = try await node.run(
            """
            servers = [listen('127.0.1.1', 8080), listen('fd00:1::1', 8080)]
            for host in ('10.96.0.1', 'fd00:96::1', '::ffff:10.96.0.1'): connected(tcp, host, 80)
            """)
        let known = try node.maps.affinity.all().map { "\($0.key.owner) \($0.key.client.text)" }
        #expect(known.sorted() == ["1 192.0.2.1", "2 fd00::1"])
    }
}
