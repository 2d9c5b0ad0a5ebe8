import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// Others in the kernel's tables, other versions, and a node that changes.
    @Suite(.enabled(if: Requirement.root && Requirement.tool("nft"), "needs root and nft"))
    struct ResilienceTests {
        private func nft(_ cluster: FairwayNode, _ script: String) async throws {
            let output = try await cluster.node.run(["nft", "-f", "-"], input: script + "\n")
            try #require(output.status.isSuccess, "\(output)")
        }

        @Test(.enabled(if: Requirement.tool("curl"), "needs curl"))
        func `a table that somebody deletes comes back, is logged and counted`() async throws {
            try await FairwayNode.with { cluster, daemon in
                let before = try await cluster.ruleset()
                for (family, name) in [(IPFamily.ipv4, "ip"), (.ipv6, "ip6")] {
                    let start = daemon.lines.count
                    try await nft(cluster, "delete table \(name) fairway")
                    let line = try await daemon.waitForLine(containing: "was changed by", from: start)
                    #expect(line.contains("table \(name) fairway was changed by nft (pid "), "\(line)")
                    #expect(line.contains("table removed") || line.contains("removed"), "\(line)")
                    try await daemon.waitForLine(containing: "\(family) compared with the kernel (changed by others)", from: start)
                    try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
                }
                #expect(try await cluster.ruleset().split(separator: "\n").sorted() == before.split(separator: "\n").sorted())
                let metrics = try await cluster.node.run(["curl", "-sS", "http://127.0.0.1:10249/metrics"])
                let lines = metrics.standardOutput.split(separator: "\n").map { String($0) }
                for family in IPFamily.allCases {
                    #expect(lines.contains("fairway_foreign_changes_total{ip_family=\"\(family)\"} 1"), "\(lines)")
                }
                #expect(lines.contains("fairway_resyncs_total{reason=\"foreign_change\"} 2"), "\(lines)")
            }
        }

        @Test func `a stranger's own table is left alone and starts nothing`() async throws {
            try await FairwayNode.with { cluster, daemon in
                let start = daemon.lines.count
                try await nft(cluster, "add table ip theirs; add chain ip theirs c; delete table ip theirs")
                try await nft(cluster, "flush chain ip fairway services")
                try await daemon.waitForLine(containing: "IPv4 compared", from: start)
                let compared = daemon.lines.dropFirst(start).filter { $0.contains("compared with the kernel") }
                #expect(compared.count == 1, "\(compared)")
                try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
            }
        }

        @Test func `a transfer runs on while a table of an older version is taken over`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let translation = "ip daddr 10.96.0.80 tcp dport 80 dnat to 10.244.0.10:8080"
            try await nft(
                cluster,
                """
                table ip fairway {
                    comment "Kubernetes Services, kept by Fairway, schema 1"
                    map old-services { type ipv4_addr : verdict; }
                    chain nat-prerouting { type nat hook prerouting priority dstnat; \(translation); }
                    chain nat-output { type nat hook output priority -100; \(translation); }
                    chain nat-postrouting { type nat hook postrouting priority srcnat; ct status dnat masquerade; }
                }
                """)
            let target = try Manifests.target(Manifests.clusterIP, .ipv4, 80)
            let streams = try [cluster.client, cluster.pods[1].namespace].map { origin in
                try origin.start([cluster.echo, "stream", "tcp", "\(target)", "--seconds", "4", "--bytes-per-second", "50000"])
            }
            for stream in streams {
                #expect(try await stream.waitForLine(containing: "streaming").contains("pod0"))
            }
            let daemon = try await cluster.startDaemon()
            let line = try await daemon.waitForLine(containing: "IPv4 compared")
            #expect(line.contains("1 transactions"), "\(line)")
            try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
            let ruleset = try await cluster.ruleset()
            #expect(!ruleset.contains("old-services") && !ruleset.contains("schema 1"))
            for stream in streams {
                #expect(stream.lines.count == 1, "it ended before the takeover: \(stream.lines)")
            }
            for stream in streams {
                try await stream.waitForLine(containing: "verified")
                #expect(try await stream.waitForExit() == .exited(0), "\(stream.lines)")
            }
        }

        @Test func `a table of a newer version is left as it is, and the daemon says so and ends`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            try await nft(
                cluster, "table ip6 fairway { comment \"Kubernetes Services, kept by Fairway, schema 999\"; chain later { }; }")
            let before = try await cluster.ruleset()
            let daemon = try cluster.node.start(cluster.runCommand())
            #expect(try await daemon.waitForExit() == .exited(1))
            let last = try #require(daemon.lines.last)
            #expect(last.contains("table ip6 fairway was written by a newer Fairway (schema 999, this one knows "), "\(last)")
            #expect(last.hasSuffix("run that version, or `fairway cleanup` first"), "\(last)")
            #expect(try await cluster.ruleset() == before)
            #expect(try await cluster.run(["cleanup"]).standardOutput == "removed table ip6 fairway\n")
            _ = try await cluster.startDaemon()
        }

        @Test func `a node address and a service range that come at run time take effect`() async throws {
            try await FairwayNode.with { cluster, _ in
                let added = try #require(IPAddress("192.0.2.77"))
                try cluster.node.configure(["addr add \(added)/24 dev eth0"])
                try cluster.folder.replace(
                    "manifests/node.yaml", Manifests.node.replacing("address: 192.0.2.1}", with: "address: \(added)}"))
                try await eventually("its NodePort is served at \(added)", within: .seconds(5)) {
                    let answers = try await cluster.ask(
                        from: cluster.client, .tcp, SocketAddress(added, port: 30080), count: 1)
                    return answers.first?.name.hasPrefix("pod") == true
                }
                try cluster.folder.write(
                    "manifests/range.yaml",
                    """
                    apiVersion: networking.k8s.io/v1
                    kind: ServiceCIDR
                    metadata: {name: more}
                    spec: {cidrs: ["10.200.0.0/16"]}

                    """)
                try await eventually("the range is in the kernel", within: .seconds(5)) {
                    try await cluster.ruleset().contains("10.200.0.0/16")
                }
                try cluster.folder.delete("manifests/range.yaml")
                try await eventually("the range is gone", within: .seconds(5)) { try await !cluster.ruleset().contains("10.200.0.0/16") }
            }
        }
    }
}
