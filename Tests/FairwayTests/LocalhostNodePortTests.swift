import BPFTesting
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// NodePorts at 127.0.0.1 and ::1, whatever carries the rest.
    @Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
    struct LocalhostNodePortTests {
        enum Mode: String, CaseIterable, Sendable { case nftables, ebpf, userspace }

        /// Options of a mode, and what has to live as long as its daemon.
        private final class Setting {
            let options: [String]
            private let kept: [any Sendable]

            init(_ mode: Mode, _ addresses: String) throws {
                let common = ["--proxy-mode", mode.rawValue, "--nodeport-addresses", addresses]
                guard mode == .ebpf else {
                    (options, kept) = (common, [])
                    return
                }
                let (pins, group) = (try TemporaryPins(), try TestCgroup())
                options = common + ["--ebpf-pin-path", "\(pins.path)/fairway", "--ebpf-cgroup", group.path]
                kept = [pins, group]
            }
        }

        private static let local = Manifests.service(
            "local", selector: "app: web", [.ipv4: "10.96.2.1", .ipv6: "fd00:10:96::201"],
            ports: ["name: http, port: 80, targetPort: http, nodePort: 30081"])

        /// Asks until the answers are these: listeners come and go in their own time.
        private static func wait(
            _ cluster: FairwayNode, _ transport: Transport, _ target: SocketAddress, until isDone: (Set<String>) -> Bool
        ) async throws -> Set<String> {
            try await lastAnswer(within: .seconds(10), where: isDone) {
                Set(try await cluster.ask(from: cluster.node, transport, target, count: 30).map(\.name))
            }
        }

        @Test(arguments: Mode.allCases)
        func `a node's own clients reach NodePorts at the loopback, and they come and go`(mode: Mode) async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let setting = try Setting(mode, "primary,localhost")
            let daemon = try await cluster.startDaemon(setting.options)
            let pods: Set<String> = ["pod0", "pod1", "pod2"]
            for family in IPFamily.allCases {
                for transport in Transport.allCases {
                    let target = SocketAddress(.loopback(family), port: Manifests.ports(transport).nodePort)
                    let names = try await Self.wait(cluster, transport, target) { $0 == pods }
                    #expect(names == pods, "\(transport) \(target)")
                    let refused = SocketAddress(.loopback(family), port: Manifests.emptyNodePort)
                    let answers = try await cluster.ask(from: cluster.node, transport, refused, count: 1).map(\.name)
                    // A datagram that a rule refuses as it is sent is told to the sender at once, by EPERM.
                    let expected = mode == .userspace && transport == .udp ? "error:" : "refused"
                    #expect(answers == [expected], "\(transport) \(refused)")
                }
                // As ever beside it, and from nowhere else.
                let node = SocketAddress(ServiceTopology.nodeAddress(family), port: 30080)
                #expect(Set(try await cluster.ask(from: cluster.client, .tcp, node, count: 30).map(\.name)) == pods)
                let own = SocketAddress(.loopback(family), port: 30080)
                #expect(try await cluster.ask(from: cluster.client, .tcp, own, count: 1).map(\.name) == ["refused"])
            }
            let curl = try await cluster.node.run(["cat", "/proc/sys/net/ipv4/conf/all/route_localnet"]).standardOutput
            #expect(curl == "0\n")

            let later = SocketAddress(.loopback(.ipv4), port: 30081)
            #expect(try await cluster.ask(from: cluster.node, .tcp, later, count: 1).map(\.name) == ["refused"])
            try cluster.folder.write("manifests/local.yaml", Self.local)
            #expect(try await Self.wait(cluster, .tcp, later) { $0 == pods } == pods)
            try cluster.folder.delete("manifests/local.yaml")
            #expect(try await Self.wait(cluster, .tcp, later) { $0 == ["refused"] } == ["refused"])
            let metrics = try await cluster.node.run(["curl", "-s", "http://127.0.0.1:10249/metrics"]).standardOutput
            #expect(metrics.contains(#"fairway_userspace_datagrams_total{result="lost"} "#), "\(metrics.prefix(400))")
            #expect(metrics.contains(#"fairway_userspace_ended_total{reason="finished"} "#))
            #expect(!daemon.lines.contains { $0.contains("error") || $0.contains("collides") }, "\(daemon.lines)")
            daemon.terminate()
            #expect(try await daemon.waitForExit() == .exited(0))
            _ = try await cluster.run(["cleanup"] + setting.options.filter { $0.hasPrefix("/") && $0.hasSuffix("fairway") }.flatMap { ["--ebpf-pin-path", $0] })
        }

        @Test func `a prefix of one family serves that one, and a port that somebody has is told of`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let setting = try Setting(.nftables, "192.0.2.0/24,127.0.0.0/8")
            let taken = try cluster.node.start([cluster.echo, "--name", "host", "--udp", "127.0.0.1:30053"])
            try await taken.waitForLine(containing: "ready")
            let daemon = try await cluster.startDaemon(setting.options)
            let v4 = SocketAddress(.loopback(.ipv4), port: 30080)
            #expect(try await Self.wait(cluster, .tcp, v4) { $0.contains("pod0") }.contains("pod0"))
            let v6 = SocketAddress(.loopback(.ipv6), port: 30080)
            #expect(try await cluster.ask(from: cluster.node, .tcp, v6, count: 1).map(\.name) == ["refused"])
            try await daemon.waitForLine(containing: "is not served at 127.0.0.1:30053: Address already in use")
            let host = SocketAddress(.loopback(.ipv4), port: 30053)
            #expect(try await cluster.ask(from: cluster.node, .udp, host, count: 1).map(\.name) == ["host"])
            #expect(!daemon.lines.contains { $0.contains("error") }, "\(daemon.lines)")
        }

        @Test func `a take-over in the nftables mode keeps a transfer through the loopback`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let setting = try Setting(.nftables, "primary,localhost")
            let first = try await cluster.startDaemon(setting.options)
            let target = SocketAddress(.loopback(.ipv4), port: 30080)
            #expect(try await Self.wait(cluster, .tcp, target) { $0.contains("pod0") }.contains("pod0"))
            let stream = try cluster.node.start([
                cluster.echo, "stream", "tcp", "\(target)", "--bytes-per-second", "20000000", "--seconds", "5",
            ])
            try await stream.waitForLine(containing: "streaming pod")
            let second = try await cluster.startDaemon(setting.options + ["--take-over"])
            try await first.waitForLine(containing: "another fairway run serves")
            #expect(try await stream.waitForExit(timeout: .seconds(30)) == .exited(0), "\(stream.lines)")
            #expect(try await first.waitForExit(timeout: .seconds(30)) == .exited(0), "\(first.lines)")
            let answers = try await cluster.ask(from: cluster.node, .tcp, target, count: 20)
            #expect(answers.allSatisfy { $0.name.hasPrefix("pod") }, "\(answers)")
            second.terminate()
            #expect(try await second.waitForExit() == .exited(0))
        }
    }
}
