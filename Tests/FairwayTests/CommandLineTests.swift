import FoundationEssentials
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// Help, exit codes and the lines that say what is wrong.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct CommandLineTests {
        /// In a namespace of its own: nothing here may touch the machine's network by accident.
        private func run(_ arguments: [String], through wrapper: [String] = []) async throws -> ProcessOutput {
            let network = TestNetwork()
            defer { network.close() }
            return try await network.addNamespace("cli").run(wrapper + [productPath("fairway")] + arguments)
        }

        /// Has the programs after it run without CAP_NET_ADMIN.
        private static let withoutAdmin = [
            "setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin",
        ]

        @Test func `the version is one line`() async throws {
            let output = try await run(["--version"])
            #expect(output.status == .exited(0))
            #expect(output.standardOutput.wholeMatch(of: /fairway \d+\.\d+\.\d+\n/) != nil, "\(output)")
        }

        @Test(arguments: [[], ["run"], ["check"], ["get"], ["get", "services"], ["cleanup"]])
        func `every command has help`(command: [String]) async throws {
            let output = try await run(command + ["--help"])
            #expect(output.status == .exited(0))
            #expect(output.standardOutput.contains("USAGE: fairway"), "\(output)")
            #expect(output.standardError.isEmpty)
        }

        @Test(arguments: [
            ("--manifests", "repeatable"), ("--state-dir", "(default: /var/lib/fairway)"),
            ("--proxy-mode", "(default: nftables)"), ("--hostname-override", "(default: the host's name"),
            ("--cluster-cidr", "(default: the own Node's podCIDRs)"),
            ("--detect-local-mode", "(default: ClusterCIDR when --cluster-cidr is given, else NodeCIDR)"),
            ("--pod-bridge-interface", "BridgeInterface"), ("--pod-interface-name-prefix", "InterfaceNamePrefix"),
            ("--ebpf-cgroup", "(default: the root)"), ("--ebpf-pin-path", "(default: /sys/fs/bpf/fairway)"),
            ("--ebpf-interfaces", "(default: every interface but loopback)"),
            ("--userspace-bind", "(default: redirect)"), ("--userspace-drain-timeout", "(default: 0)"),
            ("--userspace-rest-after-failures", "(default: 0)"),
            ("--ebpf-max-connections", "(default: 131072)"), ("--ebpf-max-sockets", "(default: 131072)"),
            ("--scheduler", "(default: random)"), ("--masquerade-all", "Masquerade"), ("--nodeport-addresses", "(default: primary)"),
            ("--service-cluster-ip-range", "(default: 10.96.0.0/12,fd00:10:96::/112)"),
            ("--conntrack-max-per-core", "(default: 32768)"), ("--conntrack-min", "(default: 131072)"),
            ("--conntrack-tcp-timeout-established", "(default: 24h)"),
            ("--conntrack-tcp-timeout-close-wait", "(default: 1h)"), ("--conntrack-tcp-be-liberal", "outside the window"),
            ("--conntrack-udp-timeout", "(default: 0s)"), ("--conntrack-udp-timeout-stream", "(default: 0s)"),
            ("--reserve-nodeports", "ip_local_reserved_ports"),
            ("--min-sync-period-milliseconds", "(default: 0)"), ("--full-sync-period", "(default: 1h)"),
            ("--healthz-bind-address", "(default: 0.0.0.0:10256)"),
            ("--metrics-bind-address", "(default: 127.0.0.1:10249)"),
            ("--admin-socket", "(default: /run/fairway/admin.sock)"), ("--verbose", "Log"), ("--cleanup", "Remove"),
            ("--kubeconfig", "kubeconfig file"), ("--master", "API server"), ("--kube-api-qps", "(default: 5.0)"),
            ("--kube-api-burst", "(default: 10)"),
            ("--kube-api-content-type", "(default: application/vnd.kubernetes.protobuf)"),
            ("--endpoints-from", "(default: pods with --manifests, else slices)"), ("--bind-address", "(default: 0.0.0.0)"),
            ("--oom-score-adj", "(default: left alone; -999 with a KubeProxyConfiguration)"),
            ("--config", "KubeProxyConfiguration"), ("--write-config-to", "in force"), ("--init-only", "exit"),
        ])
        func `run --help says every default`(flag: String, text: String) async throws {
            let help = try await run(["run", "--help"]).standardOutput
            // Lines are wrapped: words decide.
            let words = help.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            let parts = words.split(separator: " \(flag) ", maxSplits: 1)
            let entry = try #require(parts.count == 2 ? parts[1] : nil, "no \(flag)")
            // Its own text, and not that of the options after it.
            #expect(entry.prefix(280).contains(text), "\(flag): \(entry.prefix(280))")
        }

        @Test(arguments: [
            (["run", "--bogus"], "--bogus"), (["run", "--manifests"], "--manifests"), (["run"], "--manifests"),
            (["run", "--manifests", "/tmp", "--proxy-mode", "magic"], "--proxy-mode magic: expected one of nftables, ebpf, userspace"),
            (["run", "--manifests", "/tmp", "--scheduler", "fair"], "--scheduler fair: expected one of random"),
            (["run", "--manifests", "/tmp", "--proxy-mode", "ipvs", "--ipvs-scheduler", "fair"], "--ipvs-scheduler fair: expected one of"),
            (["run", "--manifests", "/tmp", "--kube-api-burst=-1"], "--kube-api-burst -1"),
            (["run", "--manifests", "/tmp", "--kube-api-content-type", "text/plain"], "--kube-api-content-type \"text/plain\": expected"),
            (["run", "--manifests", "/tmp", "--endpoints-from", "air"], "--endpoints-from \"air\": expected slices or pods"),
            (["run", "--manifests", "/tmp", "--master", "ftp://x"], "--master \"ftp://x\""),
            (["run", "--manifests", "/tmp", "--bind-address", "here"], "--bind-address here"),
            (["run", "--manifests", "/tmp", "--oom-score-adj", "-1001"], "--oom-score-adj -1001: expected -1000 to 1000"),
            (["run", "--manifests", "/tmp", "--iptables-masquerade-bit", "32"], "--iptables-masquerade-bit 32: expected 0 to 31"),
            (["run", "--manifests", "/tmp", "--iptables-sync-period", "0s"], "--iptables-sync-period 0s: must be greater than 0"),
            (
                ["run", "--manifests", "/tmp", "--iptables-sync-period", "1s", "--iptables-min-sync-period", "2s"],
                "--iptables-min-sync-period 2s"
            ),
            (["run", "--manifests", "/tmp", "--config-sync-period", "often"], "--config-sync-period \"often\""),
            (["run", "--manifests", "/tmp", "--healthz-port", "70000"], "--healthz-port 70000: expected 0 to 65535"),
            (["run", "--manifests", "/tmp", "--config", "/nowhere/at/all.yaml"], "--config /nowhere/at/all.yaml: cannot be read: No such file"),
            (["run", "--manifests", "/tmp", "--userspace-bind", "everywhere"], "--userspace-bind everywhere: expected redirect or loopback"),
            (["run", "--manifests", "/tmp", "--userspace-drain-timeout", "1.5s"], "--userspace-drain-timeout 1.5s"),
            (["run", "--manifests", "/tmp", "--userspace-drain-timeout", "-1s"], "--userspace-drain-timeout -1s: expected whole seconds, 0 or more"),
            (["run", "--manifests", "/tmp", "--userspace-rest-after-failures", "-1"], "--userspace-rest-after-failures -1: expected 0 to 1000"),
            (["run", "--manifests", "/tmp", "--userspace-rest-after-failures", "--verbose"], "--userspace-rest-after-failures"),
            (["run", "--manifests", "/tmp", "--ebpf-max-sockets", "-1"], "--ebpf-max-sockets -1: expected"),
            (["run", "--manifests", "/tmp", "--conntrack-min", "-1"], "--conntrack-min -1: expected 0 to 2147483647"),
            (["run", "--manifests", "/tmp", "--dns-ttl", "-1"], "--dns-ttl -1: expected 0 to 3600"),
            (["run", "--manifests", "/tmp", "--full-sync-period", "-1h"], "--full-sync-period -1h: expected a duration"),
            (["run", "--manifests", "/tmp", "--proxy-mode", "ebpf", "--ebpf-cgroup", "kubepods"], "--ebpf-cgroup"),
            (["run", "--manifests", "/tmp", "--ebpf-pin-path", "pins"], "--ebpf-pin-path"),
            (["run", "--manifests", "/tmp", "--ebpf-interfaces", "eth0,a*b"], "--ebpf-interfaces"),
            (["run", "--manifests", "/tmp", "--ebpf-max-connections", "63"], "--ebpf-max-connections 63"),
            (["run", "--manifests", "/tmp", "--ebpf-max-sockets", "4194305"], "--ebpf-max-sockets 4194305"),
            (["cleanup", "--ebpf-pin-path", "pins/"], "--ebpf-pin-path"),
            (["run", "--manifests", "/tmp", "--hostname-override", ""], "--hostname-override"),
            (["run", "--manifests", "/tmp", "--cluster-cidr", "10.0.0.0"], "--cluster-cidr"),
            (["run", "--manifests", "/tmp", "--detect-local-mode", "Guess"], "--detect-local-mode"),
            (["run", "--manifests", "/tmp", "--detect-local-mode", "BridgeInterface"], "--pod-bridge-interface"),
            (["run", "--manifests", "/tmp", "--nodeport-addresses", "everywhere"], "--nodeport-addresses"),
            (["run", "--manifests", "/tmp", "--nodeport-addresses", "primary,10.0.0.0/8"], "--nodeport-addresses"),
            (["run", "--manifests", "/tmp", "--nodeport-addresses", "primary,primary"], "--nodeport-addresses"),
            (["run", "--manifests", "/tmp", "--nodeport-addresses", ""], "primary, localhost or CIDRs"),
            (["run", "--manifests", "/tmp", "--nodeport-addresses", "localhost,somewhere"], "somewhere"),
            (["run", "--manifests", "/tmp", "--conntrack-max-per-core=-1"], "--conntrack-max-per-core"),
            (["run", "--manifests", "/tmp", "--conntrack-min", "many"], "--conntrack-min"),
            (["run", "--manifests", "/tmp", "--conntrack-udp-timeout", "1500ms"], "--conntrack-udp-timeout"),
            (
                ["run", "--manifests", "/tmp", "--conntrack-tcp-timeout-established", "1 day"],
                "--conntrack-tcp-timeout-established"
            ),
            (["run", "--manifests", "/tmp", "--reserve-nodeports", "--state-dir", ""], "--state-dir"),
            (
                ["run", "--manifests", "/tmp", "--service-cluster-ip-range", "10.0.0.0/8,11.0.0.0/8"],
                "--service-cluster-ip-range"
            ),
            (["run", "--manifests", "/tmp", "--min-sync-period-milliseconds", "-5"], "--min-sync-period-milliseconds -5: expected 0 to 60000"),
            (["run", "--manifests", "/tmp", "--min-sync-period-milliseconds=99999"], "--min-sync-period-milliseconds"),
            (["run", "--manifests", "/tmp", "--min-sync-period-milliseconds=soon"], "--min-sync-period-milliseconds"),
            (["run", "--manifests", "/tmp", "--full-sync-period", "often"], "--full-sync-period"),
            (["run", "--manifests", "/tmp", "--full-sync-period", "1h30"], "--full-sync-period"),
            (["run", "--manifests", "/tmp", "--healthz-bind-address", "nowhere"], "--healthz-bind-address"),
            (["run", "--manifests", "/tmp", "--metrics-bind-address", "1.2.3.4:99999"], "--metrics-bind-address"),
            (["check"], "name a folder or file"), (["get", "services", "--output", "xml"], "xml"),
            (["get", "rain"], "rain"), (["frobnicate"], "frobnicate"), (["cleanup", "--now"], "--now"),
        ])
        func `a wrong command line is one line and exit status 2`(arguments: [String], named: String) async throws {
            let output = try await run(arguments)
            #expect(output.status == .exited(2), "\(output)")
            #expect(output.standardOutput.isEmpty)
            #expect(output.standardError.hasPrefix("fairway: "), "\(output)")
            #expect(output.standardError.contains(named), "\(output)")
            #expect(output.standardError.count(where: \.isNewline) == 1, "\(output)")
        }

        @Test(arguments: [
            ["run", "--manifests", "/tmp", "--state-dir", "", "--admin-socket", "/tmp/fairway-tests-none.sock"],
            ["cleanup"],
        ])
        func `without CAP_NET_ADMIN one line says so`(arguments: [String]) async throws {
            let output = try await run(arguments, through: Self.withoutAdmin)
            #expect(output.status == .exited(1), "\(output)")
            #expect(output.standardError.contains("CAP_NET_ADMIN"), "\(output)")
            #expect(output.standardError.count(where: \.isNewline) == 1, "\(output)")
        }

        /// The flags, and those of them that are warned of.
        @Test(arguments: [
            (["--ebpf-interfaces", "eth0", "--ebpf-max-sockets=64", "--masquerade-all"], "nftables", ["--ebpf-interfaces", "--ebpf-max-sockets"]),
            (["--proxy-mode", "ebpf", "--ebpf-interfaces", "eth0", "--userspace-bind", "redirect", "--conntrack-min", "0"], "ebpf", ["--userspace-bind", "--conntrack-min"]),
            (["--userspace-rest-after-failures", "3"], "nftables", ["--userspace-rest-after-failures"]),
            (["--userspace-rest-after-failures", "3", "--nodeport-addresses", "localhost"], "nftables", []),
            (
                ["--proxy-mode", "userspace", "--masquerade-all", "--close-stale-connections", "--ebpf-cgroup", "/x", "--conntrack-min", "0"],
                "userspace --userspace-bind redirect", ["--ebpf-cgroup", "--masquerade-all", "--close-stale-connections"]
            ),
            (
                ["--proxy-mode", "userspace", "--userspace-bind", "loopback", "--conntrack-tcp-be-liberal", "--ebpf-pin-path", "/sys/fs/bpf/x"],
                "userspace --userspace-bind loopback", ["--conntrack-tcp-be-liberal"]
            ),
        ])
        func `an option that has no effect in the mode is warned of`(options: [String], mode: String, flags: [String]) async throws {
            // It ends for the admin socket's sake, or for want of the capability.
            let output = try await run(
                ["run", "--manifests", "/nowhere", "--state-dir", "", "--admin-socket", "/proc/fairway/x", "--take-over"] + options,
                through: Self.withoutAdmin)
            #expect(output.status == .exited(1), "\(output)")
            let warnings = output.standardError.split(separator: "\n").filter { $0.contains("has no effect") }
            #expect(warnings.count == flags.count, "\(output)")
            for flag in flags {
                #expect(warnings.contains { $0.contains("warning") && $0.contains("\(flag) has no effect with --proxy-mode \(mode)") }, "\(output)")
            }
        }

        @Test(arguments: ["services", "endpoints", "frontends", "backends", "status"])
        func `get without a daemon says that none runs`(resource: String) async throws {
            let output = try await run(["get", resource, "--admin-socket", "/tmp/fairway-tests-none.sock"])
            #expect(output.status == .exited(1), "\(output)")
            #expect(output.standardError.contains("/tmp/fairway-tests-none.sock"), "\(output)")
            #expect(output.standardError.contains("is 'fairway run' running?"), "\(output)")
            #expect(output.standardError.count(where: \.isNewline) == 1, "\(output)")
        }

        @Test func `the commands of the README exist`() async throws {
            let readme = try String(contentsOfFile: packageRoot() + "/README.md", encoding: .utf8)
            let commands = readme.split(separator: "\n").filter { $0.hasPrefix("    fairway ") }
            #expect(commands.count >= 5)
            // A server that needs no rights does not end: DNSReadmeTests runs it.
            for command in commands where !command.hasPrefix("    fairway dns ") {
                let words = command.split(separator: " ").dropFirst().map { String($0) }
                // Without the capability it gets as far as its command line, and no further.
                let output = try await run(words, through: Self.withoutAdmin)
                #expect(output.status != .exited(2), "\(command): \(output)")
            }
        }
    }
}
