import FoundationEssentials
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// What a running daemon answers, and what keeps one from starting.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct DaemonTests {
        private func curl(_ cluster: FairwayNode, _ url: String) async throws -> (status: String, body: String) {
            let output = try await cluster.node.run(["curl", "-sS", "--max-time", "5", "-w", "\n%{http_code}", url])
            var lines = output.standardOutput.split(separator: "\n", omittingEmptySubsequences: false)
            let status = lines.popLast().map { String($0) } ?? "\(output)"
            return (status, lines.joined(separator: "\n"))
        }

        @Test(.enabled(if: Requirement.tool("curl"), "needs curl"))
        func `health and metrics answer`() async throws {
            try await FairwayNode.with { cluster, _ in
                for path in ["readyz", "livez", "healthz"] {
                    let answer = try await curl(cluster, "http://127.0.0.1:10256/\(path)")
                    #expect(answer.status == "200", "\(path): \(answer)")
                }
                // Reachable from outside too, as load balancers need it.
                let health = try await curl(cluster, "http://192.0.2.1:10256/healthz").body
                struct Health: Decodable { var lastUpdated: String }
                #expect(throws: Never.self) { try JSONDecoder().decode(Health.self, from: Data(health.utf8)) }

                let metrics = try await curl(cluster, "http://127.0.0.1:10249/metrics")
                #expect(metrics.status == "200")
                let lines = metrics.body.split(separator: "\n")
                for series in [
                    "kubeproxy_sync_proxy_rules_duration_seconds_count", "fairway_services 3", "fairway_endpoints",
                    "fairway_build_info", "fairway_manifest_faults 0", "process_resident_memory_bytes",
                ] {
                    #expect(lines.contains { $0.hasPrefix(series) }, "no \(series)")
                }
                #expect(try await curl(cluster, "http://127.0.0.1:10249/nothing").status == "404")
            }
        }

        @Test func `get prints what the daemon holds as table, JSON and YAML`() async throws {
            try await FairwayNode.with { cluster, daemon in
                let expected: [(resource: String, texts: [String])] = [
                    ("services", ["shop", "web", "NodePort", "10.96.0.80,fd00:10:96::80", "80:30080/TCP,5353:30053/UDP"]),
                    ("endpoints", ["10.244.0.10:8080", "10.244.0.12:8081", "[fd00:10:244::11]:9090", "Pod/pod1"]),
                    ("frontends", ["10.96.0.80:80", "cluster+masquerade", "reject", "30080"]),
                    ("backends", ["10.244.0.11:38680", "SCTP", "[fd00:10:244::12]:8081"]),
                    ("status", ["node-a", "nftables", "\(daemon.pid)", "192.0.2.1"]),
                ]
                for (resource, texts) in expected {
                    let table = try await cluster.get([resource])
                    #expect(table.status == .exited(0), "\(table)")
                    for text in texts {
                        #expect(table.standardOutput.contains(text), "\(resource) has no \(text):\n\(table.standardOutput)")
                    }
                    let json = try await cluster.get([resource, "-o", "json"])
                    struct Document: Decodable {
                        struct Item: Decodable {}
                        var items: [Item]?
                        var node: String?
                    }
                    let document = try JSONDecoder().decode(Document.self, from: Data(json.standardOutput.utf8))
                    #expect(resource == "status" ? document.node == "node-a" : document.items?.isEmpty == false)
                    // A line of header, and one an item.
                    if let items = document.items {
                        #expect(table.standardOutput.split(separator: "\n").count == items.count + 1, "\(resource)")
                    }
                    let yaml = try await cluster.get([resource, "--output", "yaml"])
                    #expect(yaml.status == .exited(0))
                    #expect(yaml.standardOutput.contains(resource == "status" ? "node: node-a" : "items:\n- "), "\(yaml)")
                }
                let other = try await cluster.get(["services", "--namespace", "elsewhere"])
                #expect(other.standardOutput.split(separator: "\n").count == 1, "\(other)")
            }
        }

        @Test(arguments: ["--healthz-bind-address", "--metrics-bind-address"])
        func `a port in use ends the start with a line that names it`(flag: String) async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let squatter = try cluster.node.start([cluster.echo, "--tcp", "127.0.0.1:9999"])
            try await squatter.waitForLine(containing: "ready")
            let daemon = try cluster.node.start(cluster.runCommand([flag, "127.0.0.1:9999"]))
            try await daemon.waitForLine(containing: "127.0.0.1:9999")
            #expect(try await daemon.waitForExit() == .exited(1))
            let last = try #require(daemon.lines.last)
            #expect(last.hasPrefix("fairway: ") && last.contains(flag) && last.contains("127.0.0.1:9999"), "\(last)")
        }

        @Test func `a second daemon on the same admin socket ends with a line that names it`() async throws {
            try await FairwayNode.with { cluster, first in
                // In another namespace: in its own the first would keep it out before.
                let second = try cluster.client.start(
                    cluster.runCommand(["--healthz-bind-address", "", "--metrics-bind-address", ""]))
                #expect(try await second.waitForExit() == .exited(1))
                let last = try #require(second.lines.last)
                #expect(last.hasPrefix("fairway: ") && last.contains(cluster.adminSocket), "\(last)")
                // The first goes on.
                let status = try await cluster.get(["status"])
                #expect(status.standardOutput.contains("\(first.pid)"), "\(status)")
            }
        }

        @Test func `manifests that are missing are reported, and served once they come`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let (here, away) = ("\(cluster.folder.path)/manifests", "\(cluster.folder.path)/away")
            try FileManager.default.moveItem(atPath: here, toPath: away)
            let daemon = try cluster.node.start(cluster.runCommand())
            let line = try await daemon.waitForLine(containing: "No such file or directory")
            #expect(line.contains(here), "\(line)")
            try FileManager.default.moveItem(atPath: away, toPath: here)
            try await daemon.waitForLine(containing: "mended")
            try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
        }
    }
}
