import FoundationEssentials
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// `--proxy-mode userspace` from the command line to the packets.
    @Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
    struct UserspaceModeTests {
        private static let options = ["--proxy-mode", "userspace", "--metrics-bind-address", "127.0.0.1:10249"]

        @Test func `the daemon relays, tells what it holds, and is cleaned up after`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            // What another mode left goes once this one is in sync.
            let first = try await cluster.startDaemon()
            first.terminate()
            try await first.waitForExit()
            let second = try await cluster.startDaemon(Self.options)
            try await second.waitForLine(containing: "mode nftables no longer runs")
            let ruleset = try await cluster.ruleset()
            #expect(ruleset.contains("table ip fairway-userspace") && !ruleset.contains("table ip fairway {"))

            for family in IPFamily.allCases {
                for transport in Transport.allCases {
                    let ports = Manifests.ports(transport)
                    let clusterIP = try Manifests.target(Manifests.clusterIP, family, ports.port)
                    let nodePort = SocketAddress(ServiceTopology.nodeAddress(family), port: ports.nodePort)
                    for (sender, target) in [
                        (cluster.pods[0].namespace, clusterIP), (cluster.node, clusterIP), (cluster.client, nodePort),
                        (cluster.node, nodePort),
                    ] {
                        let answers = try await cluster.ask(from: sender, transport, target, count: 30)
                        #expect(Set(answers.map(\.name)) == ["pod0", "pod1", "pod2"], "\(transport) \(target)")
                    }
                }
            }
            let empty = try Manifests.target(Manifests.emptyIP, .ipv4, 80)
            #expect(try await cluster.ask(from: cluster.pods[0].namespace, .tcp, empty, count: 1).map(\.name) == ["refused"])

            let status = try await cluster.get(["status"]).standardOutput
            #expect(status.contains("proxy mode:       userspace"), "\(status)")
            let servers = try await cluster.get(["virtual-servers"]).standardOutput
            #expect(servers.contains("10.96.0.80:80") && servers.contains("10.244.0.10:8080"), "\(servers)")
            let frontends = try await cluster.get(["frontends"]).standardOutput
            #expect(!frontends.contains("LISTEN"), "\(frontends)")
            let metrics = try await cluster.node.run(["curl", "-s", "http://127.0.0.1:10249/metrics"]).standardOutput
            for line in [
                #"fairway_service_connections_total{ip_family="IPv4",namespace="shop",port="http",protocol="TCP",service="web"} "#,
                #"fairway_service_bytes_total{direction="out",ip_family="IPv6",namespace="shop",port="echo",protocol="UDP",service="web"} "#,
                #"fairway_backend_connections_total{backend="10.244.0.10:8080",ip_family="IPv4",namespace="shop","#,
                #"fairway_service_retries_total{ip_family="IPv4",namespace="shop",port="http",protocol="TCP",service="web"} 0"#,
                #"fairway_userspace_refusals_total{reason="all_failed"} 0"#, #"fairway_userspace_ended_total{reason="finished"} "#,
                "fairway_userspace_connect_duration_seconds_count ",
            ] {
                #expect(metrics.contains(line), "\(line)")
            }
            #expect(!metrics.contains("fairway_userspace_connect_duration_seconds_count 0\n"))

            second.terminate()
            try await second.waitForExit()
            // A successor finds the table, and writes its own ports into it.
            let third = try await cluster.startDaemon(Self.options)
            let target = try Manifests.target(Manifests.clusterIP, .ipv4, 80)
            let answers = try await cluster.ask(from: cluster.pods[1].namespace, .tcp, target, count: 10)
            #expect(answers.allSatisfy { $0.name.hasPrefix("pod") })
            third.terminate()
            try await third.waitForExit()
            let cleanup = try await cluster.run(["cleanup"])
            #expect(
                cleanup.status == .exited(0) && cleanup.standardOutput.contains("removed table ip6 fairway-userspace")
                    && cleanup.standardOutput.contains("removed routing rule IPv4 priority 60"), "\(cleanup)")
            let rules = try await cluster.node.run(["ip", "rule"]).standardOutput
            #expect(!rules.contains("26209"), "\(rules)")
        }

        @Test func `open connections are listed`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            _ = try await cluster.startDaemon(Self.options)
            let target = try Manifests.target(Manifests.clusterIP, .ipv4, 5353)
            _ = try await cluster.ask(from: cluster.pods[0].namespace, .udp, target, count: 3)
            let connections = try await cluster.get(["connections"]).standardOutput
            #expect(connections.contains("10.96.0.80:5353") && connections.contains(":9090"), "\(connections)")
            let json = try await cluster.get(["connections", "-o", "json", "-n", "shop"]).standardOutput
            #expect(json.contains("\"service\" : \"web\""), "\(json)")
        }
    }

    /// The same as a plain user: frontends are bound.
    @Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces and becomes nobody"))
    struct UserspaceUnprivilegedTests {
        private static let asNobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs"]

        /// Starts a daemon of nobody's, with a folder of its own.
        private static func start(_ cluster: FairwayNode, _ more: [String] = []) async throws -> RunningProcess {
            let home = try cluster.folder.file("home/x").dropLast(2)
            _ = try await cluster.node.run(["chown", "65534:65534", String(home)])
            let command =
                asNobody + [
                    cluster.fairway, "run", "--manifests", "\(cluster.folder.path)/manifests", "--hostname-override", "node-a",
                    "--state-dir", "\(home)/state", "--admin-socket", "\(home)/admin.sock", "--proxy-mode", "userspace",
                    "--userspace-bind", "loopback",
                ] + more
            let daemon = try cluster.node.start(command)
            for line in ["IPv4 compared", "IPv6 compared", "admin socket at"] { try await daemon.waitForLine(containing: line) }
            return daemon
        }

        private struct Frontends: Decodable {
            struct Item: Decodable {
                let frontend: String
                let listening: [String]?
            }
            let items: [Item]
        }

        /// Which rows of the contract run here: those of NodePorts from everywhere and of ClusterIPs from the node's own
        /// processes, who ask at the loopback. Pods and others do not reach ClusterIPs, other ports of an address are the
        /// host's own, and what is refused is reset by the relay and not by the kernel.
        @Test(arguments: IPFamily.allCases)
        func `a plain user serves NodePorts at the node's addresses and ClusterIPs at the loopback`(family: IPFamily) async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            try cluster.folder.write(
                "manifests/low.yaml",
                Manifests.service(
                    "low", selector: "app: web", [.ipv4: "10.96.0.81", .ipv6: "fd00:10:96::81"], type: "ClusterIP",
                    ports: ["port: 80, targetPort: http"], spec: ["externalIPs: [192.0.2.1]"]))
            let daemon = try await Self.start(cluster)
            try await daemon.waitForLine(
                containing: "192.0.2.1:80/tcp is not served at 192.0.2.1:80: Permission denied; ports below 1024")
            let socket = "\(cluster.folder.path)/home/admin.sock"
            let output = try await cluster.run(["get", "frontends", "-o", "json", "--admin-socket", socket])
            let frontends = try JSONDecoder().decode(Frontends.self, from: Data(output.standardOutput.utf8)).items
            let table = try await cluster.run(["get", "frontends", "--admin-socket", socket]).standardOutput
            #expect(table.contains("LISTEN"), "\(table)")
            for transport in Transport.allCases {
                let ports = Manifests.ports(transport)
                let clusterIP = try Manifests.target(Manifests.clusterIP, family, ports.port)
                let listening = frontends.first { $0.frontend == "\(clusterIP)/\(transport.rawValue)" }?.listening
                let place = try #require(listening?.first.flatMap { SocketAddress($0) }, "\(clusterIP) of \(frontends)")
                #expect(place.address.isLoopback)
                let nodePort = SocketAddress(ServiceTopology.nodeAddress(family), port: ports.nodePort)
                for (sender, target) in [(cluster.node, place), (cluster.client, nodePort), (cluster.pods[0].namespace, nodePort)] {
                    let answers = try await cluster.ask(from: sender, transport, target, count: 30)
                    #expect(Set(answers.map(\.name)) == ["pod0", "pod1", "pod2"], "\(transport) \(target)")
                }
            }
            let ruleset = try await cluster.ruleset()
            #expect(ruleset.isEmpty)
            #expect(!daemon.lines.contains { $0.contains("error") }, "\(daemon.lines)")
            daemon.terminate()
            try await daemon.waitForExit()
        }

        @Test func `a plain user's daemon hands over too, and a transfer survives it`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let first = try await Self.start(cluster)
            let target = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: 30080)
            let stream = try cluster.client.start([
                cluster.echo, "stream", "tcp", "\(target)", "--bytes-per-second", "20000000", "--seconds", "6",
            ])
            try await stream.waitForLine(containing: "streaming pod")
            let second = try await Self.start(cluster, ["--take-over"])
            try await first.waitForLine(containing: "another fairway run serves")
            #expect(try await stream.waitForExit(timeout: .seconds(30)) == .exited(0), "\(stream.lines)")
            #expect(try await first.waitForExit(timeout: .seconds(30)) == .exited(0), "\(first.lines)")
            let answers = try await cluster.ask(from: cluster.client, .tcp, target, count: 20)
            #expect(answers.allSatisfy { $0.name.hasPrefix("pod") }, "\(answers)")
            second.terminate()
            #expect(try await second.waitForExit() == .exited(0))
        }

        @Test func `a plain user's daemon serves Services that are to keep clients' addresses, as the node`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            try cluster.folder.write(
                "manifests/kept.yaml",
                Manifests.service(
                    "kept", selector: "app: web", [.ipv4: "10.96.0.82", .ipv6: "fd00:10:96::82"],
                    ports: [
                        "name: http, port: 80, targetPort: http, nodePort: 30082",
                        "name: echo, protocol: UDP, port: 5353, targetPort: echo, nodePort: 30056",
                    ], annotations: "fairway.dev/keep-client-address: \"true\""))
            _ = try await Self.start(cluster)
            for (transport, port) in [(Transport.tcp, 30082), (.udp, 30056)] as [(Transport, UInt16)] {
                let target = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: port)
                let answers = try await cluster.ask(from: cluster.client, transport, target, count: 10)
                #expect(answers.allSatisfy { $0.source == ServiceTopology.podGateway(.ipv4) }, "\(answers)")
            }
        }

        @Test func `what a plain user may not do is told with the option that helps`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let redirect = try await cluster.node.run(
                Self.asNobody + [
                    cluster.fairway, "run", "--manifests", "\(cluster.folder.path)/manifests", "--state-dir", "", "--admin-socket", "",
                    "--proxy-mode", "userspace",
                ])
            #expect(redirect.status == .exited(1))
            #expect(redirect.standardError.contains("--userspace-bind loopback"), "\(redirect)")
            let paths = try await cluster.node.run(
                Self.asNobody + [
                    cluster.fairway, "run", "--manifests", "\(cluster.folder.path)/manifests", "--proxy-mode", "userspace",
                    "--userspace-bind", "loopback", "--healthz-bind-address", "", "--metrics-bind-address", "",
                ])
            #expect(paths.status == .exited(1))
            #expect(paths.standardError.contains("--state-dir") || paths.standardError.contains("--admin-socket"), "\(paths)")
        }
    }
}
