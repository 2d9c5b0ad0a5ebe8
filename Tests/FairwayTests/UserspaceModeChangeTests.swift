import BPFTesting
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// From redirection to another way, by `--take-over`.
    @Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
    struct UserspaceModeChangeTests {
        enum Way: String, CaseIterable, Sendable {
            case nftables
            case ebpf
            case loopback
        }

        private static let redirect = ["--proxy-mode", "userspace"]

        /// One connection of a pod, one of the node and one from outside.
        private static func streams(_ cluster: FairwayNode, seconds: Int) async throws -> [RunningProcess] {
            let clusterIP = try Manifests.target(Manifests.clusterIP, .ipv4, 80)
            let clusterIP6 = try Manifests.target(Manifests.clusterIP, .ipv6, 80)
            let nodePort = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: 30080)
            let ways = [
                (cluster.pods[2].namespace, clusterIP), (cluster.pods[1].namespace, clusterIP6), (cluster.node, clusterIP),
                (cluster.client, nodePort),
            ]
            let streams = try ways.map { namespace, target in
                try namespace.start([
                    cluster.echo, "stream", "tcp", "\(target)", "--bytes-per-second", "5000000", "--seconds", "\(seconds)",
                ])
            }
            for stream in streams { try await stream.waitForLine(containing: "streaming pod") }
            return streams
        }

        private static func isRedirecting(_ cluster: FairwayNode) async throws -> Bool {
            let rules = try await cluster.node.run(["ip", "rule"]).standardOutput
            return try await cluster.ruleset().contains("fairway-userspace") || rules.contains("26209")
        }

        private static func expectNewWay(_ way: Way, _ cluster: FairwayNode) async throws {
            let clusterIP = try Manifests.target(Manifests.clusterIP, .ipv4, 80)
            let datagrams = try Manifests.target(Manifests.clusterIP, .ipv4, 5353)
            let pod = cluster.pods[0]
            if way != .loopback {
                for (transport, target) in [(Transport.tcp, clusterIP), (.udp, datagrams)] {
                    let answers = try await cluster.ask(from: pod.namespace, transport, target, count: 30)
                    let others = answers.filter { $0.name != pod.name }
                    #expect(Set(answers.map(\.name)) == ["pod0", "pod1", "pod2"], "\(way) \(transport): \(answers)")
                    // The relay would have been seen as the node.
                    #expect(others.allSatisfy { $0.source == pod.ipv4 }, "\(way) \(transport): \(answers)")
                }
            }
            let nodePort = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: 30080)
            for (namespace, target) in [(cluster.client, nodePort)] + (way == .loopback ? [] : [(cluster.node, clusterIP)]) {
                let answers = try await cluster.ask(from: namespace, .tcp, target, count: 20)
                #expect(answers.allSatisfy { $0.name.hasPrefix("pod") }, "\(way) \(target): \(answers)")
            }
        }

        @Test(arguments: Way.allCases)
        func `what the relay has outlives the change, and what is new goes the new way`(way: Way) async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let pins = try TemporaryPins()
            let group = try TestCgroup()
            let common = ["--ebpf-pin-path", "\(pins.path)/fairway"]
            let options =
                switch way {
                case .nftables: common
                case .ebpf: common + ["--proxy-mode", "ebpf", "--ebpf-cgroup", group.path]
                case .loopback: common + Self.redirect + ["--userspace-bind", "loopback"]
                }
            let first = try await cluster.startDaemon(Self.redirect + common)
            let streams = try await Self.streams(cluster, seconds: 7)
            let second = try await cluster.startDaemon(options + ["--take-over"])
            try await first.waitForLine(containing: "another fairway run serves")
            try await Self.expectNewWay(way, cluster)
            let isRedirecting = try await Self.isRedirecting(cluster)
            #expect(isRedirecting || first.lines.contains { $0.contains("fairway ends") }, "\(second.lines)")
            for stream in streams {
                let status = try await stream.waitForExit(timeout: .seconds(60))
                #expect(status == .exited(0) && stream.lines.contains { $0.hasPrefix("verified ") }, "\(stream.lines)")
            }
            #expect(try await first.waitForExit(timeout: .seconds(30)) == .exited(0), "\(first.lines)")
            let line = way == .loopback ? "packets are not redirected any more: removed" : "mode userspace no longer runs: removed"
            for what in ["table ip fairway-userspace", "table ip6 fairway-userspace", "local route IPv6 of table"] {
                try await second.waitForLine(containing: "\(line) \(what)")
            }
            #expect(try await !Self.isRedirecting(cluster))
            try await Self.expectNewWay(way, cluster)
            second.terminate()
            #expect(try await second.waitForExit() == .exited(0))
            if way == .ebpf { _ = try await cluster.run(["cleanup"] + common) }
        }

        /// The one that waits may itself be replaced, and others may relay besides the one that it took over from.
        @Test func `the table goes with the last process that relays`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let first = try await cluster.startDaemon(Self.redirect)
            let streams = try await Self.streams(cluster, seconds: 9)
            let second = try await cluster.startDaemon(Self.redirect + ["--take-over"])
            try await first.waitForLine(containing: "another fairway run serves")
            let third = try await cluster.startDaemon(["--take-over"])
            try await third.waitForLine(containing: "mode userspace no longer runs")
            #expect(try await second.waitForExit(timeout: .seconds(30)) == .exited(0), "\(second.lines)")
            let fourth = try await cluster.startDaemon(["--take-over"])
            #expect(try await third.waitForExit() == .exited(0), "\(third.lines)")
            for stream in streams {
                let status = try await stream.waitForExit(timeout: .seconds(60))
                #expect(status == .exited(0) && stream.lines.contains { $0.hasPrefix("verified ") }, "\(stream.lines)")
            }
            #expect(try await first.waitForExit(timeout: .seconds(30)) == .exited(0), "\(first.lines)")
            try await fourth.waitForLine(containing: "mode userspace no longer runs: removed local route IPv6")
            #expect(try await !Self.isRedirecting(cluster))
            fourth.terminate()
            #expect(try await fourth.waitForExit() == .exited(0))
        }

        @Test func `a redirection that nobody needs goes when frontends are bound`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let first = try await cluster.startDaemon(Self.redirect)
            first.terminate()
            try await first.waitForExit()
            #expect(try await Self.isRedirecting(cluster))
            let second = try await cluster.startDaemon(Self.redirect + ["--userspace-bind", "loopback"])
            try await second.waitForLine(containing: "packets are not redirected any more: removed local route IPv6")
            #expect(try await !Self.isRedirecting(cluster))
            second.terminate()
            #expect(try await second.waitForExit() == .exited(0))
        }
    }
}
