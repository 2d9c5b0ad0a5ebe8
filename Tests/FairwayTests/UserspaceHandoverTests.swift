import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// Restarts of the userspace mode under load. FAIRWAY_SOAK_TAKEOVERS makes it longer.
    @Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
    struct UserspaceHandoverTests {
        private static let options = ["--proxy-mode", "userspace"]

        private static var takeovers: Int {
            // SAFETY: the C string that getenv returns is read at once; nobody sets variables in this process.
            unsafe getenv("FAIRWAY_SOAK_TAKEOVERS").flatMap { unsafe Int(String(cString: $0)) } ?? 2
        }

        /// Connections from everywhere, 200 a second each, and what they say that is not a pod's name.
        private static func load(_ cluster: FairwayNode) throws -> [String: RunningProcess] {
            let clusterIP = try Manifests.target(Manifests.clusterIP, .ipv4, 80)
            let clusterIP6 = try Manifests.target(Manifests.clusterIP, .ipv6, 80)
            let nodePort = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: 30080)
            let ways = [
                ("pod", cluster.pods[0].namespace, clusterIP), ("pod, IPv6", cluster.pods[1].namespace, clusterIP6),
                ("node", cluster.node, clusterIP), ("outside", cluster.client, nodePort),
            ]
            return Dictionary(
                uniqueKeysWithValues: try ways.map { name, namespace, target in
                    let client = try namespace.start([
                        cluster.echo, "connect", "tcp", "\(target)", "--rate", "200", "--count", "1000000", "--timeout", "5s",
                    ])
                    return (name, client)
                })
        }

        private static func stream(
            _ cluster: FairwayNode, _ namespace: TestNamespace, seconds: Double
        ) async throws -> RunningProcess {
            let target = try Manifests.target(Manifests.clusterIP, .ipv4, 80)
            let stream = try namespace.start([
                cluster.echo, "stream", "tcp", "\(target)", "--bytes-per-second", "20000000", "--seconds", "\(seconds)",
            ])
            try await stream.waitForLine(containing: "streaming pod")
            return stream
        }

        @Test func `a take-over fails no connection, and a transfer survives it byte for byte`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            var current = try await cluster.startDaemon(Self.options)
            let clients = try Self.load(cluster)
            for client in clients.values { try await client.waitForLine(containing: "pod") }
            let streams = [
                try await Self.stream(cluster, cluster.pods[2].namespace, seconds: Double(Self.takeovers) * 4),
                try await Self.stream(cluster, cluster.node, seconds: Double(Self.takeovers) * 4),
            ]
            var ending: [RunningProcess] = []
            for _ in 0..<Self.takeovers {
                let next = try await cluster.startDaemon(Self.options + ["--take-over"])
                #expect(next.lines.contains { $0.contains("takes over from pid \(current.pid)") }, "\(next.lines)")
                try await current.waitForLine(containing: "another fairway run serves")
                ending.append(current)
                current = next
            }
            // The first one has the transfers until they end, and ends with them.
            for stream in streams {
                let status = try await stream.waitForExit(timeout: .seconds(60))
                #expect(status == .exited(0) && stream.lines.contains { $0.hasPrefix("verified ") }, "\(stream.lines)")
            }
            for daemon in ending {
                let status = try await daemon.waitForExit(timeout: .seconds(30))
                #expect(status == .exited(0), "\(daemon.lines)")
            }
            for (name, client) in clients {
                client.kill()
                _ = try await client.waitForExit()
                let failed = client.lines.filter { !$0.hasPrefix("pod") }
                #expect(client.lines.count > 20 && failed.isEmpty, "\(name): \(failed.count) of \(client.lines.count): \(failed.prefix(3))")
            }
            let (answers, datagrams) = (try Manifests.target(Manifests.clusterIP, .ipv4, 80), try Manifests.target(Manifests.clusterIP, .ipv4, 5353))
            #expect(try await cluster.ask(from: cluster.pods[0].namespace, .tcp, answers, count: 10).allSatisfy { $0.name.hasPrefix("pod") })
            #expect(try await cluster.ask(from: cluster.pods[0].namespace, .udp, datagrams, count: 10).allSatisfy { $0.name.hasPrefix("pod") })
        }

        @Test func `what is open when a successor serves is closed when the time to drain is over`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let first = try await cluster.startDaemon(Self.options + ["--userspace-drain-timeout", "1s"])
            let stream = try await Self.stream(cluster, cluster.pods[2].namespace, seconds: 60)
            let second = try await cluster.startDaemon(Self.options + ["--take-over"])
            let status = try await first.waitForExit(timeout: .seconds(20))
            #expect(status == .exited(0), "\(first.lines)")
            #expect(try await stream.waitForExit() == .exited(1))
            #expect(stream.lines.contains { $0.hasPrefix("failed") }, "\(stream.lines)")
            second.terminate()
            #expect(try await second.waitForExit() == .exited(0))
        }

        @Test func `a daemon that is stopped serves on for the time to drain, until another one does`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let drained = Self.options + ["--userspace-drain-timeout", "10m"]
            let first = try await cluster.startDaemon(drained)
            let stream = try await Self.stream(cluster, cluster.pods[2].namespace, seconds: 6)
            first.terminate()
            // Without --take-over: the lock is free as soon as everything else has ended.
            let target = try Manifests.target(Manifests.clusterIP, .ipv4, 80)
            let answers = try await cluster.ask(from: cluster.pods[0].namespace, .tcp, target, count: 20)
            #expect(answers.allSatisfy { $0.name.hasPrefix("pod") }, "\(answers)")
            let second = try await cluster.startDaemon(drained)
            try await first.waitForLine(containing: "another fairway run serves")
            #expect(try await stream.waitForExit(timeout: .seconds(30)) == .exited(0), "\(stream.lines)")
            #expect(try await first.waitForExit(timeout: .seconds(30)) == .exited(0), "\(first.lines)")
            // Without anything open there is nothing to wait for; a second signal ends the wait in any case.
            let open = try await Self.stream(cluster, cluster.pods[2].namespace, seconds: 60)
            second.terminate()
            try await second.waitForLine(containing: "connections go on for up to")
            second.terminate()
            #expect(try await second.waitForExit() == .exited(0), "\(second.lines)")
            #expect(try await open.waitForExit() == .exited(1))
        }

        @Test func `a successor that cannot read its manifests leaves the daemon alone`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let first = try await cluster.startDaemon(Self.options)
            let missing = try cluster.node.start(
                cluster.runCommand(Self.options + ["--take-over", "--manifests", "\(cluster.folder.path)/nothing"]))
            #expect(try await missing.waitForExit() == .exited(1), "\(missing.lines)")
            let target = try Manifests.target(Manifests.clusterIP, .ipv4, 80)
            let answers = try await cluster.ask(from: cluster.pods[0].namespace, .tcp, target, count: 5)
            #expect(answers.allSatisfy { $0.name.hasPrefix("pod") } && first.lines.allSatisfy { !$0.contains("fairway ends") })
        }
    }
}
