import BPFTesting
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// Tables that traffic fills, at limits that a test can reach.
    @Suite(
        .enabled(if: Requirement.root, "needs root: loads BPF programs"),
        .enabled(if: Requirement.tool("curl"), "needs curl"), .enabled(if: Requirement.tool("python3"), "needs python3"))
    struct EBPFLimitTests {
        private static func start(_ cluster: FairwayNode, _ pins: TemporaryPins, _ group: TestCgroup) async throws {
            _ = try await cluster.startDaemon([
                "--proxy-mode", "ebpf", "--ebpf-pin-path", "\(pins.path)/fairway", "--ebpf-cgroup", group.path,
                "--ebpf-max-connections", "64", "--ebpf-max-sockets", "64",
            ])
        }

        private static let entries = "fairway_ebpf_table_entries{table=\"connections\"}"
        private static let full = "fairway_ebpf_table_full_total{table=\"connections\"}"
        private static let evicted = "fairway_ebpf_connections_ended_total{cause=\"evicted\"}"

        @Test func `a full table of connections drops, then gives up the longest idle, and the node serves on`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let (pins, group) = (try TemporaryPins(), try TestCgroup())
            try await Self.start(cluster, pins, group)
            let web = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: 30080)
            let echo = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: 30053)

            // A connection that is always in use, and so never among the longest idle.
            let stream = try cluster.client.start(
                [cluster.echo, "stream", "tcp", "\(web)", "--seconds", "3600", "--bytes-per-second", "100000"])
            try await stream.waitForLine(containing: "streaming")
            var page = try await cluster.metrics()
            #expect(page["fairway_ebpf_table_limit{table=\"connections\"}"] == 256)
            // Each try is a client port of its own: more than the table holds, faster than it is swept.
            let deadline = ContinuousClock.now + .seconds(60)
            while page[Self.full] == 0, ContinuousClock.now < deadline {
                _ = try await cluster.client.run(
                    [cluster.echo, "connect", "udp", "\(echo)", "--count", "200", "--timeout", "10ms"], timeout: .seconds(30))
                page = try await cluster.metrics()
            }
            #expect(page[Self.full] > 0)
            page = try await cluster.metrics("room again") { $0[Self.evicted] > 0 && $0[Self.entries] <= 57 }
            // Every connection that was given up gave its count back: what is left is what the table holds.
            page = try await cluster.metrics("counts as the table has them") {
                $0.sum("fairway_backend_active_connections") == $0[Self.entries]
            }
            #expect(page["fairway_ebpf_drops_total{reason=\"table_full\"}"] >= page[Self.full])
            let before = page[Self.evicted]

            // New ones are served as they come, the one in use goes on, and idle ones go again where they have to.
            repeat {
                let answers = try await cluster.ask(from: cluster.client, .udp, echo, count: 6)
                #expect(answers.allSatisfy { $0.name.hasPrefix("pod") }, "\(answers)")
                // A tenth is free after each sweep.
                page = try await cluster.metrics("room for 6") { $0[Self.entries] <= 57 }
            } while page[Self.evicted] == before && ContinuousClock.now < deadline
            #expect(page[Self.evicted] > before)
            #expect(!stream.lines.contains { $0.hasPrefix("failed") }, "\(stream.lines)")
            let connections = try await cluster.get(["connections"]).standardOutput
            #expect(connections.split(separator: "\n").contains { $0.contains("TCP") && $0.contains("ESTABLISHED") }, "\(connections)")
            #expect(try await cluster.get(["status"]).status == .exited(0))
        }

        @Test func `sockets beyond the limit are served, not counted, and that is told`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let (pins, group) = (try TemporaryPins(), try TestCgroup())
            try await Self.start(cluster, pins, group)
            let script = """
                import signal, socket
                clients = [socket.create_connection(('10.96.0.80', 80), timeout=10) for _ in range(80)]
                answers = [client.recv(100) for client in clients]
                print('served', sum(answer.startswith(b'pod') for answer in answers), flush=True)
                print('told', sum(client.getpeername() == ('10.96.0.80', 80) for client in clients), flush=True)
                signal.pause()
                """
            let client = try cluster.node.start(group.enclosing(["python3", "-c", script]))
            try await client.waitForLine(containing: "told")
            #expect(client.lines == ["served 80", "told 64"])
            let (entries, full) = (
                "fairway_ebpf_table_entries{table=\"sockets\"}", "fairway_ebpf_table_full_total{table=\"sockets\"}"
            )
            let page = try await cluster.metrics()
            #expect([page[entries], page["fairway_ebpf_table_limit{table=\"sockets\"}"], page[full]] == [64, 64, 16])
            #expect(page.sum("fairway_backend_active_connections") == 64)
            #expect(page.sum("fairway_backend_connections_total") == 80)
            client.kill()
            try await client.waitForExit()
            try await cluster.metrics("every count given back") {
                $0[entries] == 0 && $0.sum("fairway_backend_active_connections") == 0
            }
        }
    }
}
