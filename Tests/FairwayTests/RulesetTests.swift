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

        @Test func `manifests written again without a change leave the kernel alone`() async throws {
            try await FairwayNode.with { cluster, daemon in
                let before = try await cluster.ruleset()
                for pod in cluster.pods {
                    try cluster.folder.replace("manifests/\(pod.name).yaml", "# again\n" + Manifests.pod(pod))
                }
                try cluster.folder.write("manifests/services.yaml", Manifests.services + "# again\n")
                // Faults are reported in the order of events: with this one, the others were read.
                try cluster.folder.replace("manifests/last.yaml", "[")
                try await daemon.waitForLine(containing: "last.yaml:")
                #expect(try await cluster.ruleset() == before)
            }
        }
    }
}
