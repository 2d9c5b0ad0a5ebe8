import LinuxSystem
import NetworkNamespaceTesting
import Testing

extension FairwayTests {
    /// The command line of cluster DNS.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct DNSCommandTests {
        private func run(_ arguments: [String]) async throws -> ProcessOutput {
            let network = TestNetwork()
            defer { network.close() }
            return try await network.addNamespace("cli").run([productPath("fairway")] + arguments)
        }

        @Test(arguments: ["dns", "run"]) func `help says every default`(command: String) async throws {
            let help = try await run([command, "--help"]).standardOutput
            let words = help.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            let expected = [
                ("--dns-bind-address", "127.0.0.1:5300"), ("--cluster-domain", "(default: cluster.local)"),
                ("--dns-upstream", "/etc/resolv.conf"), ("--dns-stub", "acme.local=10.0.0.5"),
                ("--dns-service", "kube-system/kube-dns"), ("--dns-local-address", "169.254.20.10"),
                ("--dns-pods", "(default: insecure)"), ("--dns-ttl", "(default: 30)"), ("--dns-negative-ttl", "(default: 5)"),
                ("--dns-cache-size", "(default: 16Mi)"), ("--dns-autopath", "search path"), ("--dns-any-hinfo", "RFC 8482"),
                ("--dns-namespaces", "(default: all)"), ("--dns-namespace-selector", "(default: all)"),
                ("--dns-labels", "(default: all)"), ("--dns-workers", "(default: one for each processor)"),
                ("--dns-query-log", "Log every question"), ("--dns-nxdomain-rate", "(default: 0)"),
                ("--dns-health-bind-address", ":8080"), ("--dns-ready-bind-address", ":8181"),
                ("--dns-metrics-bind-address", ":9153"), ("--dns-max-staleness", "(default: 0)"), ("--take-over", "end"),
            ]
            for (flag, text) in expected {
                let parts = words.split(separator: " \(flag) ", maxSplits: 1)
                let entry = try #require(parts.count == 2 ? parts[1] : nil, "no \(flag)")
                #expect(entry.prefix(280).contains(text), "\(flag): \(entry.prefix(280))")
            }
        }

        private static let wrong: [([String], String)] = [
            (["--dns-bind-address", "nowhere"], "ADDR:PORT"), (["--dns-bind-address", ""], "--dns-bind-address"),
            (["--dns-bind-address", "1.2.3.4:99999"], "--dns-bind-address"),
            (["--cluster-domain", "a..b"], "cluster.local"), (["--cluster-domain", "."], "--cluster-domain"),
            (["--dns-upstream", "dns.example"], "--dns-upstream"), (["--dns-upstream", "none", "--dns-upstream", "1.1.1.1"], "none"),
            (["--dns-upstream", "1.1.1.1:0"], "--dns-upstream"), (["--dns-stub", "acme.local"], "acme.local=10.0.0.5"),
            (["--dns-stub", "acme.local=here"], "--dns-stub"), (["--dns-service", "kube-dns"], "NAMESPACE/NAME"),
            (["--dns-service", "a/b/c"], "NAMESPACE/NAME"), (["--dns-local-address", "127.0.0.1"], "169.254.20.10"),
            (["--dns-pods", "all"], "insecure, verified or disabled"), (["--dns-ttl", "3601"], "0 to 3600"),
            (["--dns-ttl=-1"], "--dns-ttl"), (["--dns-negative-ttl", "soon"], "--dns-negative-ttl"),
            (["--dns-cache-size", "32MB"], "32Mi"), (["--dns-namespaces", "a,,b"], "--dns-namespaces"),
            (["--dns-namespaces", "a", "--dns-namespace-selector", "b"], "exclude each other"),
            (["--dns-namespace-selector", "a=b=c"], "--dns-namespace-selector"), (["--dns-labels", "!"], "--dns-labels"),
            (["--dns-workers", "0"], "1 to 256"), (["--dns-nxdomain-rate=-5"], "--dns-nxdomain-rate"),
            (["--dns-health-bind-address", "x"], "--dns-health-bind-address"),
            (["--dns-ready-bind-address", "1.2.3.4:x"], "--dns-ready-bind-address"),
            (["--dns-metrics-bind-address", "[::1"], "--dns-metrics-bind-address"),
            (["--dns-max-staleness", "long"], "10m"), (["--service-cluster-ip-range", ""], "--service-cluster-ip-range"),
            (["--dns-max-staleness", "1ms"], "--dns-max-staleness 1ms: expected 1s or more"),
            (["--dns-max-staleness=-1s"], "--dns-max-staleness -1s"), (["--dns-cache-size=-1"], "--dns-cache-size -1"),
            (["--dns-workers=-1"], "--dns-workers -1"), (["--dns-ttl", "-1"], "--dns-ttl"),
            (["--dns-negative-ttl=-5"], "--dns-negative-ttl -5"),
            (["--cluster-domain", "a b"], "--cluster-domain \"a b\""),
            (["--dns-stub", "acme.local="], "--dns-stub \"acme.local=\": there is no address"),
            (["--dns-stub", "cluster.local=10.0.0.5"], "--dns-stub cluster.local=10.0.0.5: cluster.local. belongs to"),
            (["--dns-stub", "a.CLUSTER.local=10.0.0.5"], "--cluster-domain"),
            (["--manifests", ""], "--manifests \"\""),
            (
                ["--dns-health-bind-address", ":8080", "--dns-ready-bind-address", "127.0.0.1:8080", "--dns-bind-address", ":0"],
                "--dns-health-bind-address :8080 and --dns-ready-bind-address 127.0.0.1:8080"
            ),
            (
                ["--dns-ready-bind-address", "127.0.0.1:81", "--dns-metrics-bind-address", "127.0.0.1:81"],
                "--dns-ready-bind-address 127.0.0.1:81 and --dns-metrics-bind-address"
            ),
            (["--cluster-cidr", "10.0.0.0"], "--cluster-cidr"), (["--hostname-override", ""], "--hostname-override"),
        ]

        @Test(arguments: wrong)
        func `a wrong option is one line that says what to write, and exit status 2`(
            options: [String], text: String
        ) async throws {
            for command in ["dns", "run"] {
                let output = try await run([command, "--manifests", "/tmp", "--state-dir", ""] + options)
                #expect(output.status == .exited(2), "\(command): \(output)")
                #expect(output.standardError.hasPrefix("fairway: "), "\(output)")
                #expect(output.standardError.contains(text), "\(output)")
                #expect(output.standardError.count(where: \.isNewline) == 1, "\(output)")
            }
        }

        @Test func `without a source nothing starts`() async throws {
            let output = try await run(["dns"])
            #expect(output.status == .exited(2))
            #expect(output.standardError.contains("--manifests"), "\(output)")
        }

        @Test(arguments: [
            (["--dns-bind-address", "192.0.2.77:53"], "--dns-bind-address 192.0.2.77:53"),
            (["--dns-bind-address", "127.0.0.1:0", "--dns-ready-bind-address", "192.0.2.77"], "--dns-ready-bind-address 192.0.2.77"),
        ])
        func `an address that cannot be had is named, and exit status 1`(options: [String], text: String) async throws {
            let output = try await run(
                ["dns", "--manifests", "/tmp/fairway-tests-none", "--state-dir", "", "--admin-socket", ""] + options)
            #expect(output.status == .exited(1), "\(output)")
            #expect(output.standardError.contains(text), "\(output)")
        }

        @Test(arguments: ["zone", "dns"])
        func `get without a daemon says that none runs`(resource: String) async throws {
            let output = try await run(["get", resource, "--admin-socket", "/tmp/fairway-tests-none.sock"])
            #expect(output.status == .exited(1), "\(output)")
            #expect(output.standardError.contains("/tmp/fairway-tests-none.sock"), "\(output)")
            #expect(output.standardError.contains("is 'fairway dns'") && output.standardError.contains("--admin-socket"), "\(output)")
        }
    }
}
