import BPF
import CBPFMaps
import NetworkNamespaceTesting
import Testing

/// What becomes of a socket that is not balanced, and who decides.
@Suite(.enabled(if: SocketNode.isPossible, "needs root and python3"))
struct SocketVerdictTests {
    private static let reject = [FW_REJECT, FW_REJECT, FW_REJECT]
    private static let drop = [FW_DROP, FW_DROP, FW_DROP]

    private func node(_ frontends: [TestFrontend], clusterIPs: [String] = []) throws -> SocketNode {
        let node = try SocketNode(addresses: ["fd00:1::1/128", "10.96.0.1/32", "192.0.2.1/32"])
        try node.maps.write(
            TestService(frontends: frontends, backends: [TestBackend(id: 1, address: "127.0.1.1", port: 8080)]))
        for address in clusterIPs { try node.maps.clusterIPs.update(fw_address(address), 1) }
        return node
    }

    @Test("Without backends a client is refused at once, in every way to ask")
    func rejected() async throws {
        let four = TestFrontend(address: "10.96.0.1", port: 80, verdicts: Self.reject)
        let six = TestFrontend(address: "fd00:96::1", port: 80, verdicts: Self.reject)
        let node = try node([four, four.udp(), six, six.udp()])
        // The Service's address and port have a listener: whoever got there untranslated would not be refused.
        let lines = try await node.run(
            """
            servers = [listen('10.96.0.1', 80), bound('10.96.0.1', 80)]
            for host in ('10.96.0.1', 'fd00:96::1', '::ffff:10.96.0.1'):
                say(attempt(lambda: connected(tcp, host, 80)))
                say(attempt(lambda: connected(udp, host, 80)))
                say(attempt(lambda: udp(host).sendto(b'question', (host, 80))))
            """)
        #expect(lines == [String](repeating: "ECONNREFUSED", count: 9))
        #expect(try node.maps.drops(FW_DROP_SOCKET_REJECTED) == 9)
        try expectNothingLeft(node.maps, backends: 1...1)
    }

    @Test("Another port of a ClusterIP is refused")
    func otherPort() async throws {
        let node = try node([TestFrontend(address: "10.96.0.1", port: 80)], clusterIPs: ["10.96.0.1", "fd00:96::1"])
        let lines = try await node.run(
            """
            server = listen('10.96.0.1', 81)
            for host in ('10.96.0.1', 'fd00:96::1', '::ffff:10.96.0.1'):
                say(attempt(lambda: connected(tcp, host, 81)))
                say(attempt(lambda: udp(host).sendto(b'question', (host, 80))))
            """)
        #expect(lines == [String](repeating: "ECONNREFUSED", count: 6))
    }

    struct Case: CustomTestStringConvertible {
        var name: String
        var frontend: TestFrontend
        var testDescription: String { name }
    }

    @Test(
        "What the packet programs decide on goes on untranslated",
        arguments: [
            Case(name: "drop", frontend: TestFrontend(address: "10.96.0.1", port: 80, verdicts: drop)),
            Case(name: "source ranges", frontend: TestFrontend(address: "10.96.0.1", port: 80, sources: 5)),
            Case(name: "pass", frontend: TestFrontend(address: "10.96.0.1", port: 80, verdicts: [FW_PASS, FW_PASS, FW_PASS])),
            Case(name: "no backends at the moment", frontend: TestFrontend(address: "10.96.0.1", port: 80, service: 9)),
            Case(name: "another protocol", frontend: TestFrontend(address: "10.96.0.1", port: 80).udp()),
            Case(name: "unknown", frontend: TestFrontend(address: "10.96.0.2", port: 80)),
        ])
    func untranslated(_ row: Case) async throws {
        let node = try node([row.frontend])
        let lines = try await node.run(
            """
            server = listen('10.96.0.1', 80)
            client = connected(tcp, '10.96.0.1', 80)
            say(end(server.accept()[0].getsockname()), end(client.getpeername()))
            """)
        #expect(lines == ["10.96.0.1 80 10.96.0.1 80"])
        #expect(try node.maps.connections(1) == 0)
        try expectNothingLeft(node.maps, backends: 1...1)
    }

    @Test("A NodePort is at the addresses for NodePorts only, and not at the wildcard")
    func nodePort() async throws {
        let node = try node([TestFrontend(address: "0.0.0.0", port: 30080), TestFrontend(address: "::", port: 30080)])
        try node.maps.nodePortAddresses.update(fw_address("192.0.2.1"), 1)
        let lines = try await node.run(
            """
            server = listen('127.0.1.1', 8080)
            for host in ('192.0.2.1', '::ffff:192.0.2.1', '10.96.0.1', '0.0.0.0', '::', '127.0.0.1'):
                say(attempt(lambda: say(end(connected(tcp, host, 30080).getpeername()))))
            """)
        #expect(
            lines == ["192.0.2.1 30080", "done", "::ffff:192.0.2.1 30080", "done"]
                + [String](repeating: "ECONNREFUSED", count: 4))
        #expect(try node.maps.connections(1) == 2)
    }

    @Test("The verdict is the origin's", arguments: ["node", "pod", "outside"])
    func origin(_ origin: String) async throws {
        let verdicts = ["pod", "node", "outside"].map { $0 == origin ? FW_BALANCE_CLUSTER : FW_REJECT }
        let node = try node([TestFrontend(address: "10.96.0.1", port: 80, verdicts: verdicts)])
        let cookie = try await node.run("say(tcp().getsockopt(socket.SOL_SOCKET, 71, 8).hex())")
        var settings = fw_settings()
        settings.node_namespace = try #require(UInt64(cookie[0], radix: 16)).byteSwapped + (origin == "node" ? 0 : 1)
        settings.detect = origin == "pod" ? UInt32(FW_DETECT_PREFIXES) : 0
        try node.maps.settings.update(0, settings)
        let lines = try await node.run(
            """
            server = listen('127.0.1.1', 8080)
            say(attempt(lambda: connected(tcp, '10.96.0.1', 80)))
            """)
        #expect(lines == ["done"])
    }

    @Test("The policy decides on the set of backends")
    func scope() async throws {
        let frontends = [
            TestFrontend(address: "10.96.0.1", port: 80),
            TestFrontend(address: "10.96.0.1", port: 81, verdicts: [FW_BALANCE_LOCAL, FW_BALANCE_LOCAL, FW_BALANCE_LOCAL]),
        ]
        let node = try node(frontends)
        try node.maps.write(TestService(id: 2, backends: [TestBackend(id: 2, address: "127.0.1.2", port: 8080)]))
        // The local set of service 1 has a backend of its own.
        var local = try #require(try node.maps.backendSets.lookup(fw_set_key(service: 2, scope: 0)))
        local.affinity_owner = 1
        try node.maps.write(TestBackend(id: 2, address: "127.0.1.2", port: 8080), of: TestService(id: 1))
        try node.maps.backendSets.update(fw_set_key(service: 1, scope: 1), local)
        let lines = try await node.run(
            """
            servers = [listen('127.0.1.%d' % number, 8080) for number in (1, 2)]
            for port in (80, 81, 80, 81): connected(tcp, '10.96.0.1', port)
            """)
        #expect(lines == [])
        #expect(try [node.maps.connections(1), node.maps.connections(2)] == [2, 2])
    }
}
