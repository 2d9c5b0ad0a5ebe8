import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Relay
import Testing

@testable import fairway

extension FairwayTests {
    /// What the relay leaves the rest of the daemon.
    @Suite struct RelayBudgetTests {
        @Test(arguments: [
            // limit, threads, DNS: reserve, DNS, connections, sessions, pipes
            (256, 1, false, 64, 0, 40, 20, 20), (1024, 2, false, 256, 0, 160, 80, 80), (1024, 2, true, 256, 256, 96, 48, 48),
            (65_536, 4, false, 352, 0, 14_248, 7_124, 7_124), (524_288, 64, true, 1792, 8192, 122_176, 61_088, 61_088),
            (1 << 30, 64, true, 1792, 8192, 131_072, 131_072, 262_144), (8, 1, false, 2, 0, 1, 1, 0),
        ] as [(UInt64, Int, Bool, Int, Int, Int, Int, Int)])
        func `descriptors are shared out, and none twice`(
            limit: UInt64, threads: Int, hasDNS: Bool, reserve: Int, dns: Int, connections: Int, sessions: Int, pipes: Int
        ) {
            let budget = RelayBudget(limit: limit, threads: threads, hasDNS: hasDNS)
            #expect([budget.reserve, budget.dns, budget.connections, budget.sessions, budget.pipes] == [reserve, dns, connections, sessions, pipes])
            let all = budget.reserve + budget.dns + budget.healthChecks.descriptors + 2 * (budget.connections + budget.sessions + budget.pipes)
            #expect(all <= Int(min(limit, 1 << 22)))
            var configuration = RelayConfiguration()
            budget.limit(&configuration)
            #expect(configuration.connectionLimit == connections && configuration.sessionLimit == sessions)
            #expect(configuration.pipeLimit == pipes && configuration.sessionsPerClientLimit <= max(1, sessions))
        }

        @Test(arguments: [
            // limit: ports, connections
            (0, 0, 0), (8, 0, 0), (256, 8, 8), (1024, 32, 32), (65_536, 2389, 1024), (524_288, 8192, 1024), (.max, 8192, 1024),
        ] as [(UInt64, Int, Int)])
        func `health check ports have an eighth at most`(limit: UInt64, ports: Int, connections: Int) {
            let limits = HealthCheckLimits(limit: limit)
            #expect([limits.ports, limits.connections] == [ports, connections])
            #expect(limits.descriptors <= limit / 8)
        }

        private final class Client: Sendable {
            let socket: Socket

            init(to address: SocketAddress) throws {
                socket = try Socket(.stream, address.family)
                _ = try socket.connect(to: address)
            }
        }

        @Test(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
        func `a flood of connections leaves the daemon its descriptors`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let options = ["--proxy-mode", "userspace", "--metrics-bind-address", "127.0.0.1:10249"]
            let command = cluster.runCommand(options).map { "'\($0)'" }.joined(separator: " ")
            let daemon = try cluster.node.start(["sh", "-c", "ulimit -n 512 && exec \(command)"])
            for line in ["IPv4 compared", "IPv6 compared", "admin socket at", "metrics at"] {
                try await daemon.waitForLine(containing: line)
            }
            let target = try Manifests.target(Manifests.clusterIP, .ipv4, 80)
            let flood = try await cluster.pods[0].namespace.inside {
                try (0..<600).map { _ in try Client(to: target) }
            }
            // A change of a manifest is read and written to the kernel, and every page answers.
            try cluster.folder.write(
                "manifests/more.yaml",
                Manifests.service(
                    "more", selector: "app: web", [.ipv4: "10.96.2.9", .ipv6: "fd00:10:96::209"], type: "ClusterIP",
                    ports: ["port: 80, targetPort: http"]))
            let frontends = try await lastAnswer(within: .seconds(10), where: { $0.contains("10.96.2.9") }) {
                try await cluster.get(["frontends"]).standardOutput
            }
            #expect(frontends.contains("10.96.2.9"), "\(daemon.lines)")
            let metrics = try await cluster.node.run(["curl", "-s", "--max-time", "5", "http://127.0.0.1:10249/metrics"]).standardOutput
            let paused = metrics.split(separator: "\n").first { $0.hasPrefix(#"fairway_userspace_pauses_total{reason="connections"}"#) }
            #expect(paused != nil && paused?.hasSuffix(" 0") == false, "\(paused ?? "no pauses")")
            let starved = metrics.split(separator: "\n").first { $0.hasPrefix(#"fairway_userspace_pauses_total{reason="resources"}"#) }
            #expect(starved?.hasSuffix(" 0") == true, "\(starved ?? "none")")
            #expect(!daemon.lines.contains { $0.contains("Too many open files") }, "\(daemon.lines)")
            withExtendedLifetime(flood) {}
        }
    }
}
