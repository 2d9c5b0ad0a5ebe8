import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// What somebody else does to the table of the userspace mode, and what the mode counts of UDP.
    @Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
    struct UserspaceWatchTests {
        private static let options = ["--proxy-mode", "userspace", "--metrics-bind-address", "127.0.0.1:10249"]

        @Test(arguments: [
            ["flush", "chain", "ip", "fairway-userspace", "prerouting"], ["delete", "table", "ip", "fairway-userspace"],
        ])
        func `what others change in the table is told and put right at once`(command: [String]) async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let daemon = try await cluster.startDaemon(Self.options)
            let changed = try await cluster.node.run(["nft"] + command)
            #expect(changed.status == .exited(0), "\(changed)")
            try await daemon.waitForLine(containing: "table ip fairway-userspace was changed by nft")
            try await cluster.waitUntilServed(by: Set(cluster.pods.map(\.name)))
            // What the daemon writes is its own: a change of Services is no foreign one.
            try cluster.folder.delete("manifests/pod1.yaml")
            try await cluster.waitUntilServed(by: ["pod0", "pod2"])
            let metrics = try await cluster.node.run(["curl", "-s", "http://127.0.0.1:10249/metrics"]).standardOutput
            #expect(metrics.contains(#"fairway_foreign_changes_total{ip_family="IPv4"} 1"#), "\(daemon.lines)")
            #expect(!metrics.contains(#"fairway_foreign_changes_total{ip_family="IPv6"} 1"#))
        }

        @Test func `UDP sessions are no connections that took no time`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            _ = try await cluster.startDaemon(Self.options)
            let target = try Manifests.target(Manifests.clusterIP, .ipv4, 5353)
            let answers = try await cluster.ask(from: cluster.pods[0].namespace, .udp, target, count: 5)
            #expect(answers.allSatisfy { $0.name.hasPrefix("pod") }, "\(answers)")
            let metrics = try await cluster.node.run(["curl", "-s", "http://127.0.0.1:10249/metrics"]).standardOutput
            #expect(metrics.contains("fairway_userspace_connect_duration_seconds_count 0\n"))
            for result in ["lost", "error_told", "error_not_told"] {
                #expect(metrics.contains("fairway_userspace_datagrams_total{result=\"\(result)\"} 0"), "\(result)")
            }
        }
    }
}
