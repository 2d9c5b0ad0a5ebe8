import FoundationEssentials
import Glibc
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import NodeConfiguration
import Testing

extension FairwayTests {
    /// `--config`, what it goes before, how it is followed, and `--write-config-to`.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct ConfigurationFileTests {
        private static let head = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
        /// Pages of the daemon where other daemons of tests have none.
        private static let nftables = head + "mode: nftables\nhostnameOverride: node-a\noomScoreAdj: 0\n"

        private func command(_ cluster: FairwayNode, _ more: [String]) -> [String] {
            [
                cluster.fairway, "run", "--manifests", "\(cluster.folder.path)/manifests", "--state-dir",
                "\(cluster.folder.path)/state", "--admin-socket", cluster.adminSocket,
            ] + more
        }

        private func start(_ cluster: FairwayNode, config: String, _ more: [String] = []) async throws -> RunningProcess {
            let daemon = try cluster.node.start(command(cluster, ["--config", config] + more))
            for line in ["IPv4 compared", "IPv6 compared", "admin socket at"] { try await daemon.waitForLine(containing: line) }
            return daemon
        }

        private func run(_ arguments: [String]) async throws -> ProcessOutput {
            let network = TestNetwork()
            defer { network.close() }
            return try await network.addNamespace("cli").run([productPath("fairway"), "run"] + arguments)
        }

        @Test func `kube-proxy's own file runs the daemon, and goes before kube-proxy's flags`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let file = try cluster.folder.write(
                "config/config.conf",
                Self.nftables + """
                    metricsBindAddress: 127.0.0.1:10333
                    conntrack: {udpTimeout: 19s}
                    iptables: {masqueradeBit: 3}
                    enableProfiling: true
                    mod: none

                    """)
            let daemon = try await start(cluster, config: file, ["--metrics-bind-address", "127.0.0.1:10334", "-v=2"])
            try await daemon.waitForLine(containing: "metrics at http://127.0.0.1:10333/metrics")
            try await daemon.waitForLine(containing: "set nf_conntrack_udp_timeout to 19")
            let warnings = daemon.lines.filter { $0.contains(" warning ") }
            for part in [
                "\(file) decides: ignored --metrics-bind-address", "\(file): enableProfiling has no meaning here",
                "line 10: unknown field \"mod\"",
            ] { #expect(warnings.contains { $0.contains(part) }, "\(part) in \(warnings)") }
            // Its section is not that of the mode.
            #expect(!warnings.contains { $0.contains("masqueradeBit") })
            try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
            daemon.terminate()
            #expect(try await daemon.waitForExit() == .exited(0))
        }

        /// As the kubelet mounts a ConfigMap: the file is a link through `..data`, which is swapped by a rename.
        @Test func `a swapped ConfigMap, a rename and a write in place are followed`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let folder = "\(cluster.folder.path)/mount"
            func swap(_ version: String, _ text: String) throws {
                try cluster.folder.write("mount/..\(version)/config.conf", Self.nftables + text)
                try FileManager.default.createSymbolicLink(atPath: "\(folder)/..tmp", withDestinationPath: "..\(version)")
                try FileManager.default.moveReplacing("\(folder)/..tmp", "\(folder)/..data")
            }
            try swap("1", "")
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/config.conf", withDestinationPath: "..data/config.conf")
            let daemon = try await start(cluster, config: "\(folder)/config.conf")
            try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])

            try swap("2", "nftables: {masqueradeAll: true}\nconntrack: {udpTimeout: 23s}\nlogging: {verbosity: 4}\n")
            try await daemon.waitForLine(containing: "was read anew: in force now: nftables.masqueradeAll, conntrack.udpTimeout, logging.verbosity")
            try await daemon.waitForLine(containing: "set nf_conntrack_udp_timeout to 23")
            // Logged in detail from here on.
            try await daemon.waitForLine(containing: " debug ")
            try await sourceSeen(cluster, isNode: true)

            // In place, and faulty: nothing changes.
            try cluster.folder.write("mount/..2/config.conf", Self.nftables + "nftables: {masqueradeBit: 32}\n")
            try await daemon.waitForLine(containing: "/config.conf:6:27: nftables.masqueradeBit: Invalid value: 32")
            try await daemon.waitForLine(containing: "what was in force stays so")
            try await sourceSeen(cluster, isNode: true)

            try swap("3", "metricsBindAddress: 127.0.0.1:10999\n")
            try await daemon.waitForLine(
                containing: "metricsBindAddress is now 127.0.0.1:10999, was not set: takes effect with a restart")
            try await sourceSeen(cluster, isNode: false)
            try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
            daemon.terminate()
            #expect(try await daemon.waitForExit() == .exited(0))
        }

        @Test func `what a changed cluster CIDR means to names waits for a restart, and that is told once`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let file = try cluster.folder.write("config.conf", Self.nftables + "clusterCIDR: 10.244.0.0/16\n")
            let daemon = try await start(cluster, config: file, ["--dns-bind-address", "127.0.0.1:10053"])
            let line = "/config.conf: DNS answers names of addresses in 10.96.0.0/12,fd00:10:96::/112,10.0.0.0/8, was 10.96.0.0/12,fd00:10:96::/112,10.244.0.0/16: takes effect with a restart"
            try cluster.folder.replace("config.conf", Self.nftables + "clusterCIDR: 10.0.0.0/8\n")
            try await daemon.waitForLine(containing: "was read anew: in force now: clusterCIDR")
            #expect(daemon.lines.count { $0.contains(line) } == 1, "\(daemon.lines)")
            try cluster.folder.replace("config.conf", Self.nftables + "clusterCIDR: 10.0.0.0/8\nlogging: {verbosity: 4}\n")
            try await daemon.waitForLine(containing: "was read anew: in force now: logging.verbosity")
            try cluster.folder.replace("config.conf", Self.nftables + "clusterCIDR: 10.244.0.0/16\n")
            try await daemon.waitForLine(containing: "was read anew: in force now: clusterCIDR, logging.verbosity")
            #expect(daemon.lines.count { $0.contains("takes effect with a restart") } == 1, "\(daemon.lines)")
            daemon.terminate()
            #expect(try await daemon.waitForExit() == .exited(0))
        }

        /// Whether pods see the node as who asks at a ClusterIP.
        private func sourceSeen(_ cluster: FairwayNode, isNode: Bool) async throws {
            let pod = cluster.pods[0]
            let target = try Manifests.target(Manifests.clusterIP, .ipv4, 80)
            let own = pod.ipv4
            func isSeen(_ answers: [Answer]) -> Bool { !answers.isEmpty && answers.allSatisfy { ($0.source != own) == isNode } }
            let answers = try await lastAnswer(within: .seconds(5), where: isSeen) {
                // An answer of its own is masqueraded in any case.
                try await cluster.ask(from: pod.namespace, .tcp, target).filter { $0.name != pod.name }
            }
            #expect(isSeen(answers), "pods see \(answers.map(\.description))")
        }

        @Test(arguments: [
            ("mode: magic\n", ":3:7: mode: Invalid value: \"magic\""), ("iptables: 5\n", ":3:11: iptables: expected a map"),
            ("oomScoreAdj: 2000\nclusterCIDR: x\n", ":4:14: clusterCIDR: Invalid value: \"x\""),
        ])
        func `a faulty file ends the daemon with its place and exit status 2`(text: String, part: String) async throws {
            let folder = try ScratchFolder()
            let file = try folder.write("config.yaml", Self.head + text)
            let output = try await run(["--manifests", "/tmp", "--config", file])
            #expect(output.status == .exited(2), "\(output)")
            #expect(output.standardError.contains("\(file)\(part)"), "\(output)")
        }

        @Test func `a value of a FairwayConfiguration that its flag would refuse is told with its place`() async throws {
            let folder = try ScratchFolder()
            let file = try folder.write(
                "config.yaml",
                "apiVersion: fairway.dev/v1alpha1\nkind: FairwayConfiguration\nmanifests: [/tmp]\ndnsPods: perhaps\n")
            let output = try await run(["--config", file])
            #expect(output.status == .exited(2), "\(output)")
            #expect(output.standardError.hasPrefix("fairway: \(file):4:10: dnsPods: --dns-pods"), "\(output)")
        }

        @Test func `check tells everything that is wrong with a file, what nobody knows too`() async throws {
            let folder = try ScratchFolder()
            let network = TestNetwork()
            defer { network.close() }
            let namespace = try network.addNamespace("cli")
            func check(_ text: String) async throws -> ProcessOutput {
                let file = try folder.write("config.yaml", text)
                return try await namespace.run([productPath("fairway"), "check", "--config", file])
            }
            let good = try await check(Self.nftables)
            #expect(good.status == .exited(0), "\(good)")
            let stray = try await check(Self.head + "mod: nftables\n")
            #expect(stray.status == .exited(1), "\(stray)")
            #expect(stray.standardOutput.hasSuffix("/config.yaml:3:1: unknown field \"mod\"\n"), "\(stray)")
            let wrong = try await check(Self.head + "mode: magic\noomScoreAdj: 5000\n")
            #expect(wrong.status == .exited(1), "\(wrong)")
            #expect(wrong.standardOutput.split(separator: "\n").count == 2, "\(wrong)")
        }

        @Test func `what is in force is written, and brings the same when it is read`() async throws {
            let folder = try ScratchFolder()
            let (first, second) = (try folder.file("first.yaml"), try folder.file("second.yaml"))
            var output = try await run([
                "--write-config-to", first, "--cluster-cidr", "10.244.0.0/16", "--proxy-mode=nftables", "--masquerade-all=true",
                "--iptables-sync-period", "2m", "-v", "3",
            ])
            #expect(output.status == .exited(0), "\(output)")
            let document = try ConfigurationDocument(Array(try String(contentsOfFile: first, encoding: .utf8).utf8), path: first)
            #expect(document.isKubeProxy)
            #expect(document["clusterCIDR"] == "10.244.0.0/16" && document["nftables.masqueradeAll"] == true)
            #expect(document["nftables.syncPeriod"] == "2m0s" && document["logging.verbosity"] == 3)
            output = try await run(["--config", first, "--write-config-to", second])
            #expect(output.status == .exited(0), "\(output)")
            #expect(try String(contentsOfFile: first, encoding: .utf8) == String(contentsOfFile: second, encoding: .utf8))
            output = try await run(["--config", first, "--write-config-to", second, "--manifests", "/m", "--hostname-override", "n"])
            #expect(output.status == .exited(0), "\(output)")
            let other = try ConfigurationDocument(Array(try String(contentsOfFile: second, encoding: .utf8).utf8), path: second)
            #expect(!other.isKubeProxy)
            #expect(other["manifests"] == ["/m"] && other["clusterCidr"] == "10.244.0.0/16" && other["hostnameOverride"] == "n")
            #expect(other["iptablesSyncPeriod"] == "2m0s")
        }

        @Test func `modes of kube-proxy are taken with a warning`() async throws {
            let folder = try ScratchFolder()
            let file = try folder.file("config.yaml")
            for (mode, carrier) in [("iptables", "nftables carries Services"), ("ipvs", "ebpf carries Services")] {
                let output = try await run(["--write-config-to", file, "--proxy-mode", mode])
                #expect(output.status == .exited(0), "\(output)")
                #expect(output.standardError.contains(carrier), "\(output)")
            }
        }

        @Test func `flags that nothing comes of are taken with a warning each`() async throws {
            let folder = try ScratchFolder()
            let output = try await run([
                "--write-config-to", try folder.file("config.yaml"), "--feature-gates=A=true", "--config-sync-period", "5m", "--vmodule=a=3",
                "--ipvs-strict-arp=true", "--healthz-port=10256", "--profiling=false",
            ])
            #expect(output.status == .exited(0), "\(output)")
            for flag in ["--feature-gates", "--config-sync-period", "--vmodule", "--ipvs-strict-arp", "--healthz-port is"] {
                #expect(output.standardError.contains("warning \(flag) "), "\(flag): \(output)")
            }
            #expect(!output.standardError.contains("--profiling"))
        }

        @Test func `only what needs the node's rights is done with --init-only`() async throws {
            let network = TestNetwork()
            defer { network.close() }
            let node = try network.addNamespace("node")
            let output = try await node.run([
                productPath("fairway"), "run", "--init-only", "--conntrack-udp-timeout", "29s", "--conntrack-max-per-core", "0",
            ])
            #expect(output.status == .exited(0), "\(output)")
            #expect(output.standardError.contains("set nf_conntrack_udp_timeout to 29"), "\(output)")
            #expect(try await node.run(["nft", "list", "ruleset"]).standardOutput.isEmpty)
        }

        @Test func `the score of the kernel's choice when memory runs out is set`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let daemon = try await cluster.startDaemon(["--oom-score-adj", "17"])
            #expect(try String(contentsOfFile: "/proc/\(daemon.pid)/oom_score_adj", encoding: .utf8) == "17\n")
        }
    }
}

extension FileManager {
    /// rename(2): what is there is replaced at once.
    fileprivate func moveReplacing(_ old: String, _ new: String) throws {
        // SAFETY: the C strings that Swift makes of the paths live for the call.
        guard unsafe rename(old, new) == 0 else { throw Errno.current }
    }
}
