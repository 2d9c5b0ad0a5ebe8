import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// The live ruleset, as an administrator's `nft` shows and loads it.
    @Suite(.enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("nft"), "needs nft"))
    struct RulesetTests {
        @Test func `the printed ruleset loads elsewhere and lists the same again`() async throws {
            try await FairwayNode.with { cluster, _ in
                let printed = try await cluster.ruleset()
                #expect(printed.contains("table ip fairway") && printed.contains("table ip6 fairway"))
                let elsewhere = try cluster.topology.network.addNamespace("elsewhere")
                let load = try await elsewhere.run(["nft", "-f", "-"], input: printed)
                #expect(load.status == .exited(0), "\(load)")
                let again = try await elsewhere.run(["nft", "list", "ruleset"])
                #expect(again.standardOutput == printed)
            }
        }

        @Test func `nft works as before with the table present`() async throws {
            try await FairwayNode.with { cluster, _ in
                let json = try await cluster.node.run(["nft", "-j", "list", "ruleset"])
                #expect(json.status == .exited(0), "\(json.standardError)")
                #expect(json.standardOutput.contains("\"nftables\""))
                let commands = [
                    "add table ip own", "add chain ip own c { type filter hook forward priority 0; }",
                    "add rule ip own c counter", "add set ip own s { type ipv4_addr; }",
                    "add element ip own s { 10.0.0.1 }", "list table ip own", "flush table ip own", "delete table ip own",
                ]
                let before = try await cluster.ruleset()
                for command in commands {
                    let output = try await cluster.node.run(["nft", command])
                    #expect(output.status == .exited(0), "nft \(command): \(output)")
                }
                #expect(try await cluster.ruleset() == before)
                try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
            }
        }

        @Test func `a change and its undoing leave the same ruleset`() async throws {
            try await FairwayNode.with { cluster, _ in
                let before = try await cluster.ruleset()
                try cluster.folder.replace("manifests/pod2.yaml", Manifests.pod(cluster.pods[2], app: "other"))
                try await cluster.waitUntilServed(by: ["pod0", "pod1"])
                try cluster.folder.replace("manifests/pod2.yaml", Manifests.pod(cluster.pods[2]))
                try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
                // Both protocols and families go with the same batch, but IPv6 after IPv4.
                let target = try Manifests.target(Manifests.clusterIP, .ipv6, 80)
                let deadline = ContinuousClock.now + .seconds(5)
                while Set(try await cluster.ask(from: cluster.node, .tcp, target).map(\.name)).count < 3,
                    ContinuousClock.now < deadline
                {}
                #expect(try await normalized(cluster.ruleset()) == normalized(before))
            }
        }

        /// The kernel lists the elements of a hash in an order of its own.
        private func normalized(_ ruleset: String) -> [String] {
            ruleset.split(separator: "\n").map { line in
                String(line.drop { $0 == " " || $0 == "\t" }.filter { $0 != "," && $0 != "{" && $0 != "}" })
            }.map { $0.split(separator: " ").filter { $0 != "elements" && $0 != "=" }.joined(separator: " ") }.sorted()
        }
    }
}
