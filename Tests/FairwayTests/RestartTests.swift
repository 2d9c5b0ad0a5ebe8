import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// What a restart, an end and `fairway cleanup` leave in the kernel.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct RestartTests {
        @Test func `transfers run across a restart and a kill`() async throws {
            try await FairwayNode.with { cluster, daemon in
                let streams = try IPFamily.allCases.flatMap { family in
                    let target = try Manifests.target(Manifests.clusterIP, family, 80)
                    let nodePort = SocketAddress(ServiceTopology.nodeAddress(family), port: 30080)
                    return [
                        try stream(cluster, from: cluster.client, nodePort),
                        try stream(cluster, from: cluster.pods[0].namespace, target),
                    ]
                }
                for stream in streams { try await stream.waitForLine(containing: "streaming") }
                let begun = ContinuousClock.now
                daemon.terminate()
                #expect(try await daemon.waitForExit() == .exited(0))
                let ended = ContinuousClock.now
                let second = try await cluster.startDaemon()
                let restarted = ContinuousClock.now
                second.kill()
                #expect(try await second.waitForExit() == .signalled(9))
                // The admin socket that the killed one left behind is no hindrance.
                _ = try await cluster.startDaemon()
                let steps = "end \(ended - begun), start \(restarted - ended), again \(ContinuousClock.now - restarted)"
                for stream in streams {
                    #expect(stream.lines.count == 1, "it ended before the restarts (\(steps)): \(stream.lines)")
                }
                for stream in streams {
                    try await stream.waitForLine(containing: "verified")
                    #expect(try await stream.waitForExit() == .exited(0), "\(stream.lines)")
                }
            }
        }

        private func stream(
            _ cluster: FairwayNode, from origin: TestNamespace, _ target: SocketAddress
        ) throws -> RunningProcess {
            // Longer than two starts of the daemon take on a busy machine, and slow enough not to be
            // what makes it busy.
            try origin.start(
                [cluster.echo, "stream", "tcp", "\(target)", "--seconds", "15", "--bytes-per-second", "50000"])
        }

        @Test func `a restarted daemon finds everything as it should be and writes nothing`() async throws {
            try await FairwayNode.with { cluster, daemon in
                let before = try await cluster.ruleset()
                daemon.terminate()
                try await daemon.waitForExit()
                #expect(try await cluster.ruleset() == before)

                let monitor = try cluster.node.start(["nft", "monitor"])
                // Until the monitor has shown this table, it may not listen yet.
                try await shows(monitor, cluster.node, "table ip before")
                let second = try await cluster.startDaemon()
                for family in IPFamily.allCases {
                    let line = try await second.waitForLine(containing: "\(family) compared")
                    #expect(line.contains("nothing to write"), "\(line)")
                }
                try await shows(monitor, cluster.node, "table ip after")
                #expect(!monitor.lines.contains { $0.contains("fairway") }, "\(monitor.lines)")
            }
        }

        /// Adds a table, again and again until the monitor prints it.
        private func shows(_ monitor: RunningProcess, _ node: TestNamespace, _ table: String) async throws {
            for attempt in 1... {
                _ = try await node.run(["nft", "add", table])
                do {
                    try await monitor.waitForLine(containing: table, timeout: .milliseconds(500))
                    break
                } catch {
                    guard attempt < 10 else { throw error }
                }
                _ = try await node.run(["nft", "delete", table])
            }
            _ = try await node.run(["nft", "delete", table])
        }

        @Test func `what changed while it was away is put right`() async throws {
            try await FairwayNode.with { cluster, daemon in
                daemon.terminate()
                try await daemon.waitForExit()
                try cluster.folder.delete("manifests/pod0.yaml")
                let second = try await cluster.startDaemon()
                #expect(try await !second.waitForLine(containing: "IPv4 compared").contains("nothing to write"))
                try await cluster.waitUntilServed(by: ["pod1", "pod2"])
            }
        }

        @Test func `SIGTERM leaves the rules, cleanup removes them and nothing else`() async throws {
            try await FairwayNode.with { cluster, daemon in
                let foreign = """
                    table inet admins-own {
                    \tchain input {
                    \t\ttype filter hook input priority filter; policy accept;
                    \t\ttcp dport 9 drop
                    \t}
                    }

                    """
                _ = try await cluster.node.run(["nft", "-f", "-"], input: foreign)
                daemon.terminate()
                #expect(try await daemon.waitForExit() == .exited(0))
                try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])

                let first = try await cluster.run(["cleanup"])
                #expect(first.status == .exited(0), "\(first)")
                #expect(try await cluster.ruleset() == foreign)
                let again = try await cluster.run(["cleanup"])
                #expect(again.standardOutput == "nothing to remove\n")
                #expect(again.status == .exited(0))
                let nodePort = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: 30080)
                #expect(try await cluster.ask(from: cluster.client, .tcp, nodePort, count: 1).map(\.name) == ["refused"])
            }
        }
    }
}
