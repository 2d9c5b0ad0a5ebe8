import BPF
import CBPFMaps
import Glibc
import NetworkNamespaceTesting
import Testing

/// Datagrams of sockets that are not connected.
@Suite(.enabled(if: SocketNode.isPossible, "needs root and python3"))
struct SocketDatagramTests {
    private func frontend(_ address: String, _ port: UInt16 = 53) -> TestFrontend {
        TestFrontend(address: address, port: port).udp()
    }

    private static let question = """
        def ask(client, host, port, servers):
            client.settimeout(10)
            client.sendto(b'question', (host, port))
            for number, server in enumerate(servers):
                server.settimeout(0.05 if number + 1 < len(servers) else 10)
                try: _, source = server.recvfrom(100)
                except TimeoutError: continue
                server.sendto(b'answer', source)
                return '%d %s' % (number, end(client.recvfrom(100)[1]))


        """

    @Test("A flow follows its frontend to another Service, once that has changed")
    func moved() async throws {
        let node = try SocketNode(addresses: [])
        let row = ["10.96.0.1", "127.0.1.1", "127.0.1.2"]
        for (id, address) in [(UInt32(1), row[0]), (2, "10.96.0.2")] {
            try node.maps.write(
                TestService(
                    id: id, frontends: [frontend(address)],
                    backends: [TestBackend(id: id, address: row[Int(id)], port: 5353)]))
        }
        let client = try node.start(
            Self.question + """
                servers = [bound('\(row[1])', 5353), bound('\(row[2])', 5353)]
                client = udp('\(row[0])')
                say(ask(client, '\(row[0])', 53, servers))
                say(ask(client, '\(row[0])', 53, servers))
                pause('moved')
                say(ask(client, '\(row[0])', 53, servers))
                """)
        try await client.waitForLine(containing: "moved")
        try node.maps.write(
            TestService(
                id: 2, frontends: [frontend(row[0])],
                backends: [TestBackend(id: 2, address: row[2], port: 5353)]))
        var settings = try #require(try node.maps.settings.lookup(0))
        settings.generation += 1
        try node.maps.settings.update(0, settings)
        client.resume()
        try await client.waitForExit()
        #expect(client.lines.filter { $0 != "moved" } == ["0 \(row[0]) 53", "0 \(row[0]) 53", "1 \(row[0]) 53"])
        try expectNothingLeft(node.maps, backends: 1...2)
    }

    @Test(
        "One socket that asks two Services has each answer from the one it asked",
        arguments: [
            ["10.96.0.1", "10.96.0.2", "127.0.1.1", "127.0.1.2"], ["fd00:96::1", "fd00:96::2", "fd00:1::1", "fd00:1::2"],
            ["::ffff:10.96.0.1", "::ffff:10.96.0.2", "127.0.1.1", "127.0.1.2"],
        ])
    func two(_ row: [String]) async throws {
        let node = try SocketNode(addresses: ["fd00:1::1/128", "fd00:1::2/128"])
        for (id, index) in [(1, 0), (2, 1)] as [(UInt32, Int)] {
            let asked = row[index].replacing("::ffff:", with: "")
            try node.maps.write(
                TestService(
                    id: id, frontends: [frontend(asked)],
                    backends: [TestBackend(id: id, address: row[index + 2], port: 5353)]))
        }
        let client = try node.start(
            Self.question + """
                servers = [bound('\(row[2])', 5353), bound('\(row[3])', 5353)]
                client = udp('\(row[0])')
                for host in ('\(row[0])', '\(row[1])', '\(row[0])'): say(ask(client, host, 53, servers))
                pause('open')
                """)
        try await client.waitForLine(containing: "open")
        #expect(client.lines.dropLast() == ["0 \(row[0]) 53", "1 \(row[1]) 53", "0 \(row[0]) 53"])
        #expect(try [node.maps.load(1), node.maps.load(2)] == [1, 1])
        #expect(try [node.maps.connections(1), node.maps.connections(2)] == [1, 1])
        #expect(try node.maps.sockets.count() == 1)
        #expect(try node.maps.socketFlows.count() == 6)
        client.resume()
        try await client.waitForExit()
        try expectNothingLeft(node.maps, backends: 1...2)
    }

    @Test("A flow keeps its backend while that is there, draining too, and is balanced anew when it is gone")
    func backendGone() async throws {
        let node = try SocketNode()
        let service = TestService(
            frontends: [frontend("10.96.0.1")],
            backends: (1...3).map { TestBackend(id: $0, address: "127.0.1.\($0)", port: 5353) })
        try node.maps.write(service)
        let client = try node.start(
            Self.question + """
                servers = [bound('127.0.1.%d' % number, 5353) for number in (1, 2, 3)]
                client = udp()
                for state in ('first', 'drained', 'gone'):
                    for _ in range(2): say(ask(client, '10.96.0.1', 53, servers))
                    pause(state)
                """)
        try await client.waitForLine(containing: "first")
        try node.maps.write(
            TestBackend(
                id: 1, address: "127.0.1.1", port: 5353, weight: 0, flags: UInt32(FW_BACKEND_DRAINING)), of: service)
        client.resume()
        try await client.waitForLine(containing: "drained")
        try node.maps.backends.delete(1)
        client.resume()
        try await client.waitForLine(containing: "gone")
        let answers = client.lines.filter { $0.contains("53") }
        #expect(answers == ["0", "0", "0", "0", "1", "1"].map { "\($0) 10.96.0.1 53" })
        #expect(try [1, 2, 3].map { try node.maps.load($0) } == [0, 1, 0])
        client.resume()
        try await client.waitForExit()
        try expectNothingLeft(node.maps, backends: 1...3)
    }

    @Test("Of more flows than are remembered the oldest is given up")
    func flowLimit() async throws {
        let node = try SocketNode()
        let limit = Int(FW_SOCKET_FLOW_LIMIT)
        let count = 3 * limit
        for id in 1...UInt32(count) {
            try node.maps.write(
                TestService(
                    id: id, frontends: [frontend("10.96.0.\(id)")],
                    backends: [TestBackend(id: id, address: "127.0.1.\(id)", port: 5353)]))
        }
        let client = try node.start(
            """
            client = udp()
            for number in range(1, \(count + 1)): client.sendto(b'question', ('10.96.0.%d' % number, 53))
            pause('open')
            """)
        try await client.waitForLine(containing: "open")
        let loads = try (1...count).map { try node.maps.load(UInt32($0)) ?? .max }
        #expect(loads == (1...count).map { $0 > count - limit ? 1 : 0 })
        #expect(try node.maps.socketFlows.count() == 3 * limit)
        client.resume()
        try await client.waitForExit()
        try expectNothingLeft(node.maps, backends: 1...UInt32(count))
    }

    @Test("Datagrams go to a Service, elsewhere and to the Service again")
    func elsewhere() async throws {
        let node = try SocketNode()
        try node.maps.write(
            TestService(
                frontends: [frontend("10.96.0.1")], backends: [TestBackend(id: 1, address: "127.0.1.1", port: 5353)]))
        let lines = try await node.run(
            Self.question + """
                servers = [bound('127.0.1.1', 5353), bound('127.0.2.2', 53)]
                client = udp()
                for host in ('10.96.0.1', '127.0.2.2', '10.96.0.1'): say(ask(client, host, 53, servers))
                """)
        #expect(lines == ["0 10.96.0.1 53", "1 127.0.2.2 53", "0 10.96.0.1 53"])
        try expectNothingLeft(node.maps, backends: 1...1)
    }

    @Test("A socket that sends and then connects holds what it is connected to")
    func thenConnected() async throws {
        let node = try SocketNode()
        for id in 1...2 as ClosedRange<UInt32> {
            try node.maps.write(
                TestService(
                    id: id, frontends: [frontend("10.96.0.\(id)")],
                    backends: [TestBackend(id: id, address: "127.0.1.\(id)", port: 5353)]))
        }
        let client = try node.start(
            """
            client = udp()
            client.sendto(b'question', ('10.96.0.1', 53))
            client.connect(('10.96.0.2', 53))
            pause('connected')
            client.sendto(b'question', ('10.96.0.1', 53))
            pause('sent')
            """)
        try await client.waitForLine(containing: "connected")
        #expect(try [node.maps.load(1), node.maps.load(2)] == [0, 1])
        client.resume()
        try await client.waitForLine(containing: "sent")
        #expect(try [node.maps.load(1), node.maps.load(2)] == [1, 1])
        client.resume()
        try await client.waitForExit()
        try expectNothingLeft(node.maps, backends: 1...2)
    }

    @Test("Without room for a flow the datagram is left to the packet programs", arguments: ["sockets", "socket_flows"])
    func full(_ map: String) async throws {
        let node = try SocketNode(limits: [map: map == "sockets" ? 1 : 4])
        let backend = TestBackend(id: 1, address: "127.0.1.1", port: 5353)
        try node.maps.write(TestService(frontends: [frontend("10.96.0.1")], backends: [backend]))
        // The second one's own addresses, untranslated, are here a server's too.
        let lines = try await node.run(
            Self.question + """
                servers = [bound('127.0.1.1', 5353)]
                clients = [udp(), udp()]
                say(ask(clients[0], '10.96.0.1', 53, servers))
                say(attempt(lambda: clients[1].sendto(b'question', ('10.96.0.1', 53))))
                """)
        // No route leads there: the kernel saw the Service's address.
        #expect(lines == ["0 10.96.0.1 53", "ENETUNREACH"])
        #expect(try node.maps.usage(FW_FULL_SOCKETS) == 1)
        try expectNothingLeft(node.maps, backends: 1...1)
    }
}

/// All counts given back, all tables empty.
func expectNothingLeft(_ maps: ProgramMaps, backends: ClosedRange<UInt32>) throws {
    let loads = try backends.map { try maps.load($0) ?? .max }
    #expect(loads.allSatisfy { $0 == 0 }, "\(loads)")
    let entries = try [maps.sockets.count(), maps.socketFlows.count(), Int(maps.usage(FW_USED_SOCKETS) ?? .max)]
    #expect(entries == [0, 0, 0])
}
