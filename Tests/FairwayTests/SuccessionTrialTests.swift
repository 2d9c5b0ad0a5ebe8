import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// `--take-over` by a daemon that could not work: the one that runs goes on.
    @Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
    struct SuccessionTrialTests {
        private struct Case {
            let name: String
            /// What the command is run through.
            var wrapper: [String] = []
            let options: [String]
            let reasons: [String]
        }

        private static let strangersPort = "10300"
        private static let userspace = ["--proxy-mode", "userspace"]
        private static let withoutAdmin = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"]
        private static let asNobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]

        private static func cases(_ folder: String, _ stranger: RunningProcess, _ dns: RunningProcess) -> [Case] {
            let taken = "cannot listen: Address already in use (errno: 98), by fairway-echo (pid \(stranger.pid))"
            return [
                Case(
                    name: "a port for metrics that somebody has", options: userspace + ["--metrics-bind-address", "127.0.0.1:\(strangersPort)"],
                    reasons: ["--metrics-bind-address 127.0.0.1:\(strangersPort): \(taken)"]),
                Case(
                    name: "a port for health that somebody has", options: userspace + ["--healthz-bind-address", ":\(strangersPort)"],
                    reasons: ["--healthz-bind-address :\(strangersPort): \(taken)"]),
                Case(
                    name: "a port of DNS that somebody has",
                    options: userspace + ["--dns-bind-address", "127.0.0.1:5399", "--dns-metrics-bind-address", "127.0.0.1:\(strangersPort)"],
                    reasons: ["--dns-metrics-bind-address 127.0.0.1:\(strangersPort): \(taken)"]),
                Case(
                    name: "an address of another host", options: userspace + ["--metrics-bind-address", "198.51.100.9:10249"],
                    reasons: ["--metrics-bind-address 198.51.100.9:10249: cannot listen: Cannot assign requested address"]),
                Case(
                    name: "an admin socket that somebody answers on", options: userspace + ["--admin-socket", "\(folder)/dns.sock"],
                    reasons: ["--admin-socket \(folder)/dns.sock: fairway (pid \(dns.pid)) answers on this socket"]),
                Case(
                    name: "an admin socket that is a file", options: userspace + ["--admin-socket", "\(folder)/manifests/node.yaml"],
                    reasons: ["exists and is no socket"]),
                Case(
                    name: "an admin socket in a folder that cannot be", options: userspace + ["--admin-socket", "/proc/fairway/admin.sock"],
                    reasons: ["cannot make the folder /proc/fairway"]),
                Case(
                    name: "no right to redirect", wrapper: withoutAdmin, options: userspace, reasons: ["CAP_NET_ADMIN", "--userspace-bind loopback"]),
                Case(name: "no right to write rules", wrapper: withoutAdmin, options: [], reasons: ["CAP_NET_ADMIN"]),
                Case(
                    name: "no right to ask for the end", wrapper: asNobody,
                    options: userspace + ["--userspace-bind", "loopback", "--state-dir", "", "--admin-socket", ""],
                    reasons: ["this user may not ask it to end"]),
                Case(
                    name: "no right to load programs", wrapper: ["setpriv", "--bounding-set", "-bpf,-sys_admin", "--inh-caps", "-bpf,-sys_admin"],
                    options: ["--proxy-mode", "ebpf"], reasons: ["CAP_"]),
                Case(
                    name: "no cgroup version 2", wrapper: ["unshare", "--mount", "sh", "-c", "umount -R /sys/fs/cgroup && exec \"$@\"", "sh"],
                    options: ["--proxy-mode", "ebpf"], reasons: ["start the ebpf mode", "no cgroup version 2"]),
                Case(
                    name: "a cgroup that is not there", options: ["--proxy-mode", "ebpf", "--ebpf-cgroup", "/nowhere/kubepods"],
                    reasons: ["look at cgroup /nowhere/kubepods"]),
                Case(
                    name: "pins outside of a bpf file system", options: ["--proxy-mode", "ebpf", "--ebpf-pin-path", "\(folder)/pins"],
                    reasons: ["it is not on a bpf file system"]),
            ]
        }

        @Test func `a successor that cannot work says why, and the daemon that runs goes on`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let first = try await cluster.startDaemon(Self.userspace)
            let stranger = try cluster.node.start([cluster.echo, "--name", "stranger", "--tcp", Self.strangersPort])
            try await stranger.waitForLine(containing: "ready")
            let dns = try cluster.node.start([
                cluster.fairway, "dns", "--manifests", "\(cluster.folder.path)/manifests", "--state-dir", "", "--admin-socket",
                "\(cluster.folder.path)/dns.sock",
            ])
            try await dns.waitForLine(containing: "admin socket at")
            let target = try Manifests.target(Manifests.clusterIP, .ipv4, 80)
            for row in Self.cases(cluster.folder.path, stranger, dns) {
                let successor = try cluster.node.start(row.wrapper + cluster.runCommand(row.options + ["--take-over"]))
                let status = try await successor.waitForExit()
                #expect(status == .exited(1), "\(row.name): \(successor.lines)")
                for reason in row.reasons + ["fairway run of pid \(first.pid)"] {
                    #expect(successor.lines.last?.contains(reason) == true, "\(row.name): \(successor.lines)")
                }
                let answers = try await cluster.ask(from: cluster.pods[0].namespace, .tcp, target, count: 3)
                #expect(answers.allSatisfy { $0.name.hasPrefix("pod") }, "\(row.name): \(answers)")
            }
            #expect(first.lines.allSatisfy { !$0.contains("fairway ends") && !$0.contains("another fairway run") }, "\(first.lines)")
            let status = try await cluster.get(["status"])
            #expect(status.status == .exited(0), "\(status)")
            // What the predecessor has itself is no reason, nor are addresses around it.
            let successor = try await cluster.startDaemon(
                Self.userspace + ["--take-over", "--metrics-bind-address", ":10249", "--healthz-bind-address", "127.0.0.1:10256"])
            #expect(try await first.waitForExit() == .exited(0), "\(first.lines)")
            successor.terminate()
            #expect(try await successor.waitForExit() == .exited(0))
        }
    }
}
