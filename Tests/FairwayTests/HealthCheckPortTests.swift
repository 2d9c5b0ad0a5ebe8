import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// Health check ports of load balancers' Services, asked by curl from outside the node.
    @Suite(.enabled(if: Requirement.root && Requirement.tool("curl"), "needs root and curl"))
    struct HealthCheckPortTests {
        private static let file = "manifests/balanced.yaml"

        private static func service(port: UInt16 = 32000, policy: String = "Local") -> String {
            Manifests.service(
                "balanced", selector: "app: web", [.ipv4: "10.96.3.1", .ipv6: "fd00:10:96::301"], type: "LoadBalancer",
                ports: ["name: http, port: 80, targetPort: http, nodePort: 30081"],
                spec: ["externalTrafficPolicy: \(policy)"] + (policy == "Local" ? ["healthCheckNodePort: \(port)"] : []))
        }

        private static func body(_ count: Int, isHealthy: Bool = true) -> String {
            """
            {
            \t"service": {
            \t\t"namespace": "shop",
            \t\t"name": "balanced"
            \t},
            \t"localEndpoints": \(count),
            \t"serviceProxyHealthy": \(isHealthy)
            }
            """
        }

        /// `200 BODY`, or `refused`.
        private static func ask(
            _ cluster: FairwayNode, _ address: IPAddress, port: UInt16 = 32000, path: String = "/",
            from origin: TestNamespace? = nil
        ) async throws -> String {
            let url = "http://\(SocketAddress(address, port: port))\(path)"
            let output = try await (origin ?? cluster.client).run(
                ["curl", "-sS", "-g", "--max-time", "5", "-w", "\n%{http_code}", url])
            // 7: no connection (curl(1)).
            if output.status == .exited(7) { return "refused" }
            var lines = output.standardOutput.split(separator: "\n", omittingEmptySubsequences: false)
            let status = lines.popLast() ?? ""
            return "\(status) \(lines.joined(separator: "\n"))"
        }

        /// Asks until the answer is this one; changes take their time.
        private static func expect(
            _ wanted: String, _ cluster: FairwayNode, at families: [IPFamily] = IPFamily.allCases, port: UInt16 = 32000,
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            for family in families {
                let answer = try await lastAnswer(within: .seconds(10), where: { $0 == wanted }) {
                    try await ask(cluster, ServiceTopology.nodeAddress(family), port: port)
                }
                #expect(answer == wanted, "\(family)", sourceLocation: sourceLocation)
            }
        }

        @Test func `a port tells the ready endpoints of this node, in each family`() async throws {
            try await FairwayNode.with { cluster, _ in
                #expect(try await Self.ask(cluster, ServiceTopology.nodeAddress(.ipv4)) == "refused")
                try cluster.folder.write(Self.file, Self.service())
                try await Self.expect("200 \(Self.body(3))", cluster)
                for path in ["/healthz", "/any/path?x=1"] {
                    let answer = try await Self.ask(cluster, ServiceTopology.nodeAddress(.ipv6), path: path)
                    #expect(answer == "200 \(Self.body(3))", "\(path)")
                }
                let head = try await cluster.client.run(["curl", "-sS", "-i", "--max-time", "5", "http://192.0.2.1:32000/"])
                let fields = Set(head.standardOutput.lowercased().split(whereSeparator: \.isNewline).map { String($0) })
                for field in [
                    "content-type: application/json", "x-content-type-options: nosniff", "x-load-balancing-endpoint-weight: 3",
                ] {
                    #expect(fields.contains(field), "no \(field): \(head)")
                }

                let pods = cluster.pods
                try cluster.folder.replace("manifests/pod1.yaml", Manifests.pod(pods[1], isReady: false))
                try await Self.expect("200 \(Self.body(2))", cluster)
                // It still serves what comes, and none of it is to come from a load balancer.
                try cluster.folder.replace("manifests/pod2.yaml", Manifests.pod(pods[2], isTerminating: true))
                try await Self.expect("200 \(Self.body(1))", cluster)
                try cluster.folder.replace("manifests/pod0.yaml", Manifests.pod(pods[0], isTerminating: true))
                try await Self.expect("503 \(Self.body(0))", cluster)
                try cluster.folder.replace("manifests/pod1.yaml", Manifests.pod(pods[1]))
                try await Self.expect("200 \(Self.body(1))", cluster)
            }
        }

        @Test func `a port moves with its Service, and is gone with the policy`() async throws {
            try await FairwayNode.with { cluster, daemon in
                try cluster.folder.write(Self.file, Self.service())
                try await Self.expect("200 \(Self.body(3))", cluster)
                // A connection that stays open does not keep a port that nobody wants.
                let kept = try cluster.client.start(
                    ["bash", "-c", "exec 3<>/dev/tcp/192.0.2.1/32000; echo open; cat <&3"])
                try await kept.waitForLine(containing: "open")
                try cluster.folder.replace(Self.file, Self.service(port: 32001))
                try await Self.expect("200 \(Self.body(3))", cluster, port: 32001)
                try await Self.expect("refused", cluster)
                _ = try await kept.waitForExit()
                try cluster.folder.replace(Self.file, Self.service(policy: "Cluster"))
                try await Self.expect("refused", cluster, port: 32001)
                try cluster.folder.replace(Self.file, Self.service())
                try await Self.expect("200 \(Self.body(3))", cluster)
                try cluster.folder.delete(Self.file)
                try await Self.expect("refused", cluster)
                #expect(!daemon.lines.contains { $0.contains("tried again") }, "\(daemon.lines)")
            }
        }

        @Test func `a port that somebody has is told once, and served once it is free`() async throws {
            try await FairwayNode.with { cluster, daemon in
                let stranger = try cluster.node.start([cluster.echo, "--name", "stranger", "--tcp", "192.0.2.1:32000"])
                try await stranger.waitForLine(containing: "ready")
                try cluster.folder.write(Self.file, Self.service())
                let line = try await daemon.waitForLine(containing: "healthCheckNodePort")
                #expect(line.contains("32000 of shop/balanced at 192.0.2.1:32000: "), "\(line)")
                #expect(line.contains("Address already in use"), "\(line)")
                // The other family has it.
                try await Self.expect("200 \(Self.body(3))", cluster, at: [.ipv6])
                let name = "fairway_health_check_ports"
                let page = try await cluster.metrics()
                #expect(page["\(name){state=\"open\"}"] == 1 && page["\(name){state=\"failed\"}"] == 1)
                stranger.terminate()
                _ = try await stranger.waitForExit()
                try await Self.expect("200 \(Self.body(3))", cluster)
                let later = try await cluster.metrics()
                #expect(later["\(name){state=\"open\"}"] == 2 && later["\(name){state=\"failed\"}"] == 0)
                #expect(daemon.lines.count { $0.contains("tried again until it can be had") } == 1, "\(daemon.lines)")
            }
        }

        @Test func `ports end with the daemon, and a successor has them`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            try cluster.folder.write(Self.file, Self.service())
            let first = try await cluster.startDaemon()
            try await Self.expect("200 \(Self.body(3))", cluster)
            first.terminate()
            #expect(try await first.waitForExit() == .exited(0))
            #expect(try await Self.ask(cluster, ServiceTopology.nodeAddress(.ipv4)) == "refused")
            let second = try await cluster.startDaemon()
            try await Self.expect("200 \(Self.body(3))", cluster)
            let third = try await cluster.startDaemon(["--take-over"])
            #expect(try await second.waitForExit() == .exited(0))
            try await Self.expect("200 \(Self.body(3))", cluster)
            #expect(!third.lines.contains { $0.contains("healthCheckNodePort") }, "\(third.lines)")
        }

        @Test func `ports are at the addresses of NodePorts, at localhost too`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            try cluster.folder.write(Self.file, Self.service())
            _ = try await cluster.startDaemon(["--nodeport-addresses", "localhost"])
            try await Self.expect("refused", cluster)
            for family in IPFamily.allCases {
                let answer = try await lastAnswer(within: .seconds(10), where: { $0 != "refused" }) {
                    try await Self.ask(cluster, .loopback(family), from: cluster.node)
                }
                #expect(answer == "200 \(Self.body(3))", "\(family)")
            }
        }

        @Test func `ports over the limit are told, and served once others are gone`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            // An eighth of 256 descriptors: eight ports.
            func file(_ number: Int) -> String { "manifests/balanced\(number).yaml" }
            for number in 0..<6 {
                try cluster.folder.write(
                    file(number),
                    Manifests.service(
                        "balanced\(number)", selector: "app: web",
                        [.ipv4: "10.96.3.\(10 + number)", .ipv6: "fd00:10:96::3\(10 + number)"], type: "LoadBalancer",
                        ports: ["name: http, port: 80, targetPort: http, nodePort: \(31000 + number)"],
                        spec: ["externalTrafficPolicy: Local", "healthCheckNodePort: \(32100 + number)"]))
            }
            let command = cluster.runCommand(["--reserve-nodeports"]).map { "'\($0)'" }.joined(separator: " ")
            let daemon = try cluster.node.start(["sh", "-c", "ulimit -n 256 && exec \(command)"])
            let line = try await daemon.waitForLine(containing: "8 ports are open already")
            #expect(line.contains("healthCheckNodePort 3210"), "\(line)")
            // No connection of the node begins at such a port, open or not.
            try await daemon.waitForLine(containing: "31000-31005,32100-32105")
            try await daemon.waitForLine(containing: "metrics at")
            let name = "fairway_health_check_ports"
            try await cluster.metrics("eight ports") { page in
                page["\(name){state=\"open\"}"] == 8 && page["\(name){state=\"failed\"}"] == 4
            }
            for number in 0..<3 { try cluster.folder.delete(file(number)) }
            try await cluster.metrics("all that are left") { page in
                page["\(name){state=\"open\"}"] == 6 && page["\(name){state=\"failed\"}"] == 0
            }
            for number in 3..<6 {
                let answer = try await Self.ask(cluster, ServiceTopology.nodeAddress(.ipv6), port: UInt16(32100 + number))
                #expect(answer.hasPrefix("200 "), "\(answer)")
            }
        }

        @Test func `an address that comes later is served`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            try cluster.folder.write(Self.file, Self.service())
            _ = try await cluster.startDaemon(["--nodeport-addresses", "192.0.2.0/24,198.51.100.0/24"])
            try await Self.expect("200 \(Self.body(3))", cluster, at: [.ipv4])
            try await Self.expect("refused", cluster, at: [.ipv6])
            let later = try #require(IPAddress("198.51.100.7"))
            let added = try await cluster.node.run(["ip", "address", "add", "198.51.100.7/32", "dev", "lo"])
            #expect(added.status == .exited(0), "\(added)")
            let answer = try await lastAnswer(within: .seconds(10), where: { $0 != "refused" }) {
                try await Self.ask(cluster, later, from: cluster.node)
            }
            #expect(answer == "200 \(Self.body(3))")
        }
    }
}
