import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import Testing

extension FairwayTests {
    /// The DNS Service's ClusterIP and other addresses, answered on the node itself.
    @Suite(
        .enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("dig"), "needs dig"),
        .enabled(if: Requirement.tool("dnsperf"), "needs dnsperf"))
    struct DNSLocalTests {
        private static let here = "10.96.0.80\n"
        private static let there = "10.96.0.81\n"
        private static let transports = ["+notcp", "+tcp"]

        @Test func `after a kill questions reach the Service's other endpoint`() async throws {
            try await DNSEndpointNode.with { node in
                let daemon = try await node.start()
                // The same port before and after: nothing may remember where its questions went.
                let source = ["-b", "\(node.cluster.pods[0].ipv4)#5353"]
                for options in [source] + Self.transports.map({ [$0] }) {
                    let answer = try await node.ask(options)
                    #expect(answer == Self.here, "\(options)")
                }
                daemon.kill()
                try await daemon.waitForExit()
                for options in [source] + Self.transports.map({ [$0] }) {
                    let answer = try await node.ask(options)
                    #expect(answer == Self.there, "\(options)")
                }
                // A new one has it back; what the killed one left is in nobody's way.
                let next = try await node.start()
                let answer = try await node.ask(source)
                #expect(answer == Self.here)
                next.kill()
                try await next.waitForExit()
                let cleanup = try await node.cluster.run(["cleanup", "--state-dir", "\(node.cluster.folder.path)/state"])
                #expect(cleanup.standardOutput.contains("removed table ip fairway-dns"), "\(cleanup)")
                let ruleset = try await node.cluster.ruleset()
                #expect(!ruleset.contains("fairway"), "\(ruleset)")
            }
        }

        @Test func `a take-over loses no question and asks no other endpoint`() async throws {
            try await DNSEndpointNode.with { node in
                var current = try await node.start()
                let file = try node.cluster.folder.write("queries", "\(DNSEndpointNode.name) A\n\(DNSEndpointNode.name) AAAA\n")
                let load = try node.client.start([
                    "stdbuf", "-oL", "dnsperf", "-s", "10.96.0.10", "-p", "53", "-d", file, "-l", "600", "-Q", "4000", "-c", "20",
                    "-t", "5",
                ])
                try await load.waitForLine(containing: "[Status] Sending queries")
                for _ in 0..<2 {
                    let next = try await node.start(["--take-over"])
                    let status = try await current.waitForExit()
                    #expect(status == .exited(0), "\(current.lines)")
                    current = next
                    let answer = try await node.ask()
                    #expect(answer == Self.here, "\(next.lines)")
                }
                load.signal(SIGINT)
                _ = try await load.waitForExit(timeout: .seconds(30))
                let lost = try #require(load.lines.first { $0.contains("Queries lost:") }, "\(load.lines)")
                #expect(lost.contains(" 0 ("), "\(load.lines)")
                let endpoint = try await node.endpointDocument()
                #expect(endpoint.contains("\"queries\" : 0,"), "\(endpoint)")
            }
        }

        @Test func `a Service that gets another ClusterIP is answered at that one`() async throws {
            try await DNSEndpointNode.with { node in
                let daemon = try await node.start()
                let before = try await node.ask(name: "ns.dns.cluster.local")
                #expect(before == "10.96.0.10\n")
                let lines = daemon.lines.count
                try node.cluster.folder.replace(
                    "manifests/dns.yaml",
                    DNSEndpointNode.manifests(clusterIP: "10.96.0.11", endpoint: "\(node.cluster.pods[1].ipv4)"))
                try await daemon.waitForLine(containing: "to 10.96.0.11:53 are answered here", from: lines)
                for transport in Self.transports {
                    let answer = try await node.ask([transport], at: "10.96.0.11")
                    #expect(answer == Self.here, "\(transport)")
                }
                let after = try await node.ask(name: "ns.dns.cluster.local", at: "10.96.0.11")
                #expect(after == "10.96.0.11\n")
                #expect(daemon.lines.contains { $0.contains("dns no more at 10.96.0.10:53") }, "\(daemon.lines)")
                let addresses = try await node.cluster.node.run(["ip", "-o", "addr"]).standardOutput
                #expect(!addresses.contains("10.96.0.10/"), "\(addresses)")
            }
        }

        @Test func `a Service that is missing is told once, and when it appears`() async throws {
            try await DNSEndpointNode.with { node in
                let manifests = DNSEndpointNode.manifests(clusterIP: "10.96.0.10", endpoint: "\(node.cluster.pods[1].ipv4)")
                try node.cluster.folder.delete("manifests/dns.yaml")
                let daemon = try await node.cluster.startDaemon(DNSEndpointNode.local)
                try await daemon.waitForLine(containing: "--dns-service kube-system/kube-dns: there is no such Service")
                let lines = daemon.lines.count
                try node.cluster.folder.write("manifests/dns.yaml", manifests)
                try await daemon.waitForLine(containing: "--dns-service kube-system/kube-dns: the Service is there now", from: lines)
                try await daemon.waitForLine(containing: "are answered here", from: lines)
                #expect(daemon.lines.count { $0.contains("there is no such Service") } == 1, "\(daemon.lines)")
                let answer = try await node.ask()
                #expect(answer == Self.here)
            }
        }

        @Test func `without a tun device the daemon goes on, and has the address once there is one`() async throws {
            try await DNSEndpointNode.with { node in
                // Of the daemon alone: another file stands where the device is.
                let command = node.cluster.runCommand(DNSEndpointNode.local)
                let daemon = try node.cluster.node.start(
                    ["unshare", "-m", "sh", "-c", "mount --bind /dev/null /dev/net/tun && exec \"$@\"", "sh"] + command)
                for line in ["IPv4 compared", "admin socket at", "this is tried again"] {
                    try await daemon.waitForLine(containing: line)
                }
                // The Service's endpoint answers, as without --dns-service.
                let there = try await node.ask()
                #expect(there == Self.there)
                let told = try await node.cluster.get(["dns"])
                #expect(told.status == .exited(0), "\(told)")
                let umount = try await node.cluster.node.run(
                    ["nsenter", "-t", "\(daemon.pid)", "-m", "umount", "/dev/net/tun"])
                try #require(umount.status.isSuccess, "\(umount)")
                try await daemon.waitForLine(containing: "are answered here")
                let here = try await node.ask()
                #expect(here == Self.here)
                #expect(daemon.lines.count { $0.contains("this is tried again") } == 1, "\(daemon.lines)")
                daemon.terminate()
                let status = try await daemon.waitForExit()
                #expect(status == .exited(0), "\(daemon.lines)")
            }
        }

        @Test func `an address of the node's own is answered at for its pods`() async throws {
            try await DNSEndpointNode.with { node in
                let daemon = try await node.cluster.startDaemon(
                    ["--dns-local-address", "169.254.20.10", "--dns-upstream", "none"])
                try await daemon.waitForLine(containing: "169.254.20.10:53 are answered here")
                for transport in Self.transports {
                    let answer = try await node.ask([transport], at: "169.254.20.10")
                    #expect(answer == Self.here, "\(transport)")
                }
                // The Service's ClusterIP stays its endpoints'.
                let service = try await node.ask()
                #expect(service == Self.there)
                daemon.terminate()
                let status = try await daemon.waitForExit()
                #expect(status == .exited(0), "\(daemon.lines)")
                let links = try await node.cluster.node.run(["ip", "-o", "link"])
                #expect(!links.standardOutput.contains("fairway-dns"), "\(links)")
            }
        }
    }
}
