import BPFTesting
import FoundationEssentials
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// `--proxy-mode ebpf` from the command line to the packets.
    @Suite(.enabled(if: Requirement.root, "needs root: loads BPF programs"))
    struct EBPFModeTests {
        @Test func `the daemon serves, tells what it holds, changes its mode, and is cleaned up after`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let pins = try TemporaryPins()
            let group = try TestCgroup()
            let pinPath = "\(pins.path)/fairway"
            let options = ["--proxy-mode", "ebpf", "--ebpf-pin-path", pinPath, "--ebpf-cgroup", group.path]

            // What nftables left goes once the new mode is in sync.
            let first = try await cluster.startDaemon(["--ebpf-pin-path", pinPath])
            #expect(try await cluster.ruleset().contains("fairway"))
            first.terminate()
            try await first.waitForExit()
            let second = try await cluster.startDaemon(options)
            try await second.waitForLine(containing: "mode nftables no longer runs")
            #expect(try await !cluster.ruleset().contains("fairway"))

            for family in IPFamily.allCases {
                let target = SocketAddress(ServiceTopology.nodeAddress(family), port: 30080)
                let answers = try await cluster.ask(from: cluster.client, .tcp, target, count: 40)
                #expect(Set(answers.map(\.name)) == ["pod0", "pod1", "pod2"])
            }
            let status = try await cluster.get(["status"]).standardOutput
            #expect(status.contains("proxy mode:       ebpf"), "\(status)")
            let servers = try await cluster.get(["virtual-servers"]).standardOutput
            #expect(servers.contains("10.96.0.80:80") && servers.contains("->"), "\(servers)")
            let connections = try await cluster.get(["connections"]).standardOutput
            #expect(connections.contains("192.0.2.1:30080"), "\(connections)")
            for resource in ["virtual-servers", "connections"] {
                let json = try await cluster.get([resource, "-o", "json"])
                #expect(json.status == .exited(0) && json.standardOutput.contains("\"items\""), "\(json)")
                let yaml = try await cluster.get([resource, "-o", "yaml"])
                #expect(yaml.status == .exited(0) && yaml.standardOutput.hasPrefix("items:"), "\(yaml)")
            }

            second.terminate()
            try await second.waitForExit()
            let target = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: 30080)
            #expect(try await cluster.ask(from: cluster.client, .tcp, target, count: 10).allSatisfy { $0.name.hasPrefix("pod") })
            let third = try await cluster.startDaemon(options)
            #expect(third.lines.contains { $0.contains("IPv4 compared") && $0.contains("nothing to write") }, "\(third.lines)")
            third.terminate()
            try await third.waitForExit()
            let cleanup = try await cluster.run(["cleanup", "--ebpf-pin-path", pinPath])
            #expect(cleanup.status == .exited(0) && cleanup.standardOutput.contains("9 socket programs"), "\(cleanup)")
            let again = try await cluster.run(["cleanup", "--ebpf-pin-path", pinPath])
            #expect(again.standardOutput == "nothing to remove\n", "\(again)")
        }

        @Test func `what only the ebpf mode keeps is told so by another`() async throws {
            try await FairwayNode.with { cluster, _ in
                let answer = try await cluster.get(["virtual-servers"])
                #expect(answer.status == .exited(1))
                #expect(answer.standardError.contains("kept by the modes ebpf and userspace only; this is nftables"), "\(answer)")
            }
        }
    }
}
