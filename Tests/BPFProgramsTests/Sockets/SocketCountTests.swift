import BPF
import CBPFMaps
import LinuxSystem
import NetworkNamespaceTesting
import Testing

/// A socket counts once, from the time it is sent to a backend until it is closed for good, however that comes.
@Suite(.enabled(if: SocketNode.isPossible, "needs root and python3"))
struct SocketCountTests {
    /// Two Services, over TCP and UDP, and one backend of the first that nobody listens at.
    private func node(limits: [String: Int] = [:]) throws -> SocketNode {
        let node = try SocketNode(limits: limits)
        for id in 1...2 as ClosedRange<UInt32> {
            let frontend = TestFrontend(address: "10.96.0.\(id)", port: 80)
            let closed = TestFrontend(address: "10.96.0.\(id)", port: 81)
            try node.maps.write(
                TestService(
                    id: id, frontends: [frontend, frontend.udp()],
                    backends: [TestBackend(id: id, address: "127.0.1.\(id)", port: 8080)]))
            try node.maps.write(
                TestService(
                    id: id + 2, frontends: [closed], backends: [TestBackend(id: id + 2, address: "127.0.1.\(id)", port: 9)]))
        }
        return node
    }

    struct Case: CustomTestStringConvertible {
        var name: String
        /// Pauses once, with its sockets in their state.
        var script: String
        /// Of backends 1 to 4, during the pause.
        var loads: [UInt64]
        var entries: Int
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "open", script: "client = connected(tcp, '10.96.0.1', 80)\npause('now')", loads: [1, 0, 0, 0], entries: 1),
        Case(
            name: "closed", script: "connected(tcp, '10.96.0.1', 80).close()\npause('now')", loads: [0, 0, 0, 0], entries: 0),
        Case(
            name: "connected again, to another Service",
            script: """
                client = connected(udp, '10.96.0.1', 80)
                for number in (1, 2, 1, 2): client.connect(('10.96.0.%d' % number, 80))
                pause('now')
                """, loads: [0, 1, 0, 0], entries: 1),
        Case(
            name: "connected again, to no Service",
            script: "client = connected(udp, '10.96.0.1', 80)\nclient.connect(('127.0.0.1', 7))\npause('now')",
            loads: [0, 0, 0, 0], entries: 0),
        Case(
            name: "connected again, refused by the policy",
            script: """
                client = connected(udp, '10.96.0.1', 80)
                say(attempt(lambda: client.connect(('10.96.0.3', 80))))
                pause('now')
                """, loads: [0, 0, 0, 0], entries: 0),
        Case(
            name: "refused by the backend, then connected",
            script: """
                client = tcp()
                for _ in range(3): attempt(lambda: client.connect(('10.96.0.1', 81)))
                pause('now')
                client.connect(('10.96.0.2', 80))
                """, loads: [0, 0, 1, 0], entries: 1),
        Case(
            name: "shut down, not closed",
            script: "client = connected(tcp, '10.96.0.1', 80)\nclient.shutdown(socket.SHUT_RDWR)\npause('now')",
            loads: [1, 0, 0, 0], entries: 1),
        Case(
            name: "disconnected, with AF_UNSPEC",
            script: """
                import ctypes
                client = connected(udp, '10.96.0.1', 80)
                ctypes.CDLL(None).connect(client.fileno(), bytes(16), 16)
                say(attempt(client.getpeername))
                pause('now')
                """, loads: [1, 0, 0, 0], entries: 1),
        Case(
            name: "not waited for",
            script: """
                client = tcp()
                client.setblocking(False)
                client.connect_ex(('10.96.0.1', 80))
                for _ in range(3): client.connect_ex(('10.96.0.1', 80))
                pause('now')
                """, loads: [1, 0, 0, 0], entries: 1),
        Case(
            name: "inherited by a child that outlives the parent's descriptor",
            script: """
                client = connected(tcp, '10.96.0.1', 80)
                copies = [os.dup(client.fileno()) for _ in range(5)]
                child = os.fork()
                if child == 0:
                    signal.sigwait([signal.SIGUSR1])
                    os._exit(0)
                client.close()
                for copy in copies: os.close(copy)
                pause('now')
                os.kill(child, signal.SIGUSR1)
                os.wait()
                """, loads: [1, 0, 0, 0], entries: 1),
        Case(
            name: "passed on to another process",
            script: """
                ours, theirs = socket.socketpair(socket.AF_UNIX)
                child = os.fork()
                if child == 0:
                    ours.close()
                    _, control, _, _ = theirs.recvmsg(1, socket.CMSG_SPACE(4))
                    theirs.send(b'!')
                    signal.sigwait([signal.SIGUSR1])
                    os._exit(0)
                client = connected(tcp, '10.96.0.1', 80)
                ours.sendmsg([b'!'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [client.fileno()]))])
                ours.recv(1)
                client.close()
                pause('now')
                os.kill(child, signal.SIGUSR1)
                os.wait()
                """, loads: [1, 0, 0, 0], entries: 1),
        Case(
            name: "many at once",
            script: """
                clients = [connected(make, '10.96.0.%d' % number, 80) for make in (tcp, udp) for number in (1, 2)]
                clients += [connected(tcp, '10.96.0.2', 80) for _ in range(50)]
                pause('now')
                """, loads: [2, 52, 0, 0], entries: 54),
    ]

    private static let servers = "servers = [listen('127.0.1.1', 8080), listen('127.0.1.2', 8080)]\n"

    @Test("The count of a socket", arguments: cases)
    func count(_ row: Case) async throws {
        let node = try node()
        try node.maps.clusterIPs.update(fw_address("10.96.0.3"), 1)
        let client = try node.start(Self.servers + row.script)
        try await client.waitForLine(containing: "now")
        #expect(try [1, 2, 3, 4].map { try node.maps.load($0) } == row.loads)
        let entries = try [node.maps.sockets.count(), Int(node.maps.usage(FW_USED_SOCKETS) ?? .max)]
        #expect(entries == [row.entries, row.entries])
        client.resume()
        let status = try await client.waitForExit()
        #expect(status.isSuccess, "\(client.lines)")
        try expectNothingLeft(node.maps, backends: 1...4)
    }

    @Test("A killed process gives everything back")
    func killed() async throws {
        let node = try node()
        let client = try node.start(
            Self.servers + """
                clients = [connected(make, '10.96.0.%d' % number, 80) for make in (tcp, udp) for number in (1, 2)]
                sender = udp()
                sender.sendto(b'question', ('10.96.0.1', 80))
                pause('now')
                """)
        try await client.waitForLine(containing: "now")
        #expect(try [node.maps.load(1), node.maps.load(2)] == [3, 2])
        client.kill()
        try await client.waitForExit()
        try expectNothingLeft(node.maps, backends: 1...4)
    }

    @Test("Threads that send and ask at once on one socket")
    func threads() async throws {
        let node = try node()
        let lines = try await node.run(
            """
            import threading
            servers = [bound('127.0.1.%d' % number, 8080) for number in (1, 2)]
            client = udp()
            def send(number):
                for _ in range(2000): client.sendto(b'', ('10.96.0.%d' % (1 + number % 2), 80))
            threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            say('done')
            """)
        #expect(lines == ["done"])
        #expect(try [node.maps.connections(1), node.maps.connections(2)] == [1, 1])
        try expectNothingLeft(node.maps, backends: 1...4)
    }

    @Test("A socket without room in the table goes on, uncounted, and that is counted")
    func full() async throws {
        let node = try node(limits: ["sockets": 2])
        let client = try node.start(
            Self.servers + """
                clients = [connected(tcp, '10.96.0.1', 80) for _ in range(4)]
                say(', '.join(end(client.getpeername()) for client in clients))
                pause('now')
                """)
        try await client.waitForLine(containing: "now")
        // Those without an entry see the backend.
        #expect(client.lines[0] == "10.96.0.1 80, 10.96.0.1 80, 127.0.1.1 8080, 127.0.1.1 8080")
        #expect(try node.maps.load(1) == 2)
        #expect(try node.maps.usage(FW_FULL_SOCKETS) == 2)
        #expect(try node.maps.usage(FW_USED_SOCKETS) == 2)
        client.resume()
        try await client.waitForExit()
        try expectNothingLeft(node.maps, backends: 1...4)
    }

    @Test("Counts are back at zero after thousands of sockets in every way")
    func soak() async throws {
        let node = try node()
        let count = SoakSettings.sockets
        let client = try node.start(Self.servers + Self.everyWay(count))
        try await client.waitForLine(containing: "done", timeout: .seconds(60 + count / 500))
        let lines = client.lines
        client.resume()
        let status = try await client.waitForExit()
        #expect(status.isSuccess, "\(lines)")
        let connections = try [1, 2, 3, 4].map { try node.maps.connections($0) }
        #expect(connections.reduce(0, +) >= UInt64(count))
        #expect(try node.maps.usage(FW_FULL_SOCKETS) == 0)
        try expectNothingLeft(node.maps, backends: 1...4)
    }

    /// `count` sockets, by turns: closed, reset, half closed, refused, connected twice, UDP connected and not, left to a
    /// killed child.
    private static func everyWay(_ count: Int) -> String {
        """
        import struct, threading
        for server in servers:
            def accept(server):
                while True:
                    accepted, _ = server.accept()
                    accepted.close()
            threading.Thread(target=accept, args=(server,), daemon=True).start()
        def closed(host): connected(tcp, host, 80).close()
        def reset(host):
            client = connected(tcp, host, 80)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            client.close()
        def half(host):
            client = connected(tcp, host, 80)
            attempt(lambda: client.shutdown(socket.SHUT_WR))
            client.close()
        def refused(host):
            client = tcp()
            attempt(lambda: client.connect((host, 81)))
            client.close()
        def twice(host):
            client = connected(udp, '10.96.0.1', 80)
            client.connect(('10.96.0.2', 80))
            client.close()
        def datagrams(host):
            client = udp()
            for number in (1, 2): attempt(lambda: client.sendto(b'', ('10.96.0.%d' % number, 80)))
            client.close()
        def unanswered(host):
            client = tcp()
            client.setblocking(False)
            client.connect_ex((host, 80))
            client.close()
        def killed(host, batch):
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:
                kept = [connected(udp, host, 80) for _ in range(batch)]
                os.write(writer, b'!')
                signal.pause()
            os.read(reader, 1)
            os.kill(child, signal.SIGKILL)
            os.wait()
            os.close(reader)
            os.close(writer)
        ways = [closed, reset, half, refused, twice, datagrams, unanswered]
        for number in range(\(count)):
            host = '10.96.0.%d' % (1 + number % 2)
            if number % 500 == 499: killed(host, 100)
            else: ways[number % 7](host)
        pause('done')
        os._exit(0)
        """
    }
}

/// Environment of the long runs.
enum SoakSettings {
    /// FAIRWAY_SOAK_SOCKETS, 10 000 without it.
    static var sockets: Int { environment("FAIRWAY_SOAK_SOCKETS").flatMap { Int($0) } ?? 10_000 }
}
