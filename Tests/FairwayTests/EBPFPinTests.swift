import BPFTesting
import FoundationEssentials
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// The pin folder that is used where none is named, in a mount namespace with a /sys/fs/bpf of its own.
    @Suite(
        .enabled(if: Requirement.root, "needs root: makes namespaces, loads BPF programs"),
        .enabled(if: Requirement.tool("bpftool"), "needs bpftool"))
    struct EBPFPinTests {
        private struct Fixture {
            let cluster: FairwayNode
            let group: TestCgroup
            /// Keeps the mount namespace.
            let holder: RunningProcess

            static func make() async throws -> Fixture {
                let cluster = try await FairwayNode.make()
                let script = "while umount /sys/fs/bpf 2>/dev/null; do :; done; echo mounted; exec sleep infinity"
                let holder = try cluster.node.start(["unshare", "--mount", "sh", "-c", script])
                try await holder.waitForLine(containing: "mounted")
                return Fixture(cluster: cluster, group: try TestCgroup(), holder: holder)
            }

            func inside(_ command: [String]) -> [String] { ["nsenter", "--mount=/proc/\(holder.pid)/ns/mnt"] + command }

            func run(_ command: [String]) async throws -> ProcessOutput { try await cluster.node.run(inside(command)) }

            var options: [String] { ["--proxy-mode", "ebpf", "--ebpf-cgroup", group.path] }

            func startDaemon() async throws -> RunningProcess {
                let daemon = try cluster.node.start(inside(cluster.runCommand(options)))
                for line in ["IPv4 compared", "IPv6 compared", "admin socket at"] { try await daemon.waitForLine(containing: line) }
                return daemon
            }

            func pins() async throws -> [String] {
                let output = try await run(["ls", "/sys/fs/bpf/fairway"])
                return output.status.isSuccess ? output.standardOutput.split(separator: "\n").map { String($0) } : []
            }
        }

        private static let maps = [
            "address_filter",
            "affinity", "backend_sets", "backends", "cluster_ips", "connections", "counters", "cursors", "drops", "fragments",
            "frontends", "interfaces", "loads", "nodeport_addresses", "pod_ranges", "reject_budget", "service_ranges",
            "settings", "siblings", "slots", "socket_flows", "sockets", "sources", "usage",
        ]
        private static let links = [
            "connect4", "connect6", "getpeername4", "getpeername6", "recvmsg4", "recvmsg6", "sendmsg4", "sendmsg6",
            "sock_release",
        ]

        @Test func `the daemon mounts the file system, pins there, adopts it, and cleanup removes all of it`() async throws {
            let fixture = try await Fixture.make()
            let cluster = fixture.cluster
            defer { cluster.close() }
            let daemon = try await fixture.startDaemon()
            let mounts = try await fixture.run(["cat", "/proc/self/mounts"]).standardOutput
            #expect(mounts.split(separator: "\n").count { $0.hasPrefix("bpf /sys/fs/bpf bpf ") } == 1, "\(mounts)")
            #expect(try await fixture.pins() == (Self.maps + Self.links).sorted())
            daemon.terminate()
            try await daemon.waitForExit()
            let target = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: 30080)
            let answers = try await cluster.ask(from: cluster.client, .tcp, target, count: 10)
            #expect(answers.allSatisfy { $0.name.hasPrefix("pod") }, "\(answers)")
            let second = try await fixture.startDaemon()
            #expect(second.lines.contains { $0.contains("IPv4 compared") && $0.contains("nothing to write") }, "\(second.lines)")
            second.terminate()
            try await second.waitForExit()

            let numbers = try await numbers(fixture)
            #expect(numbers.count == Self.maps.count)
            let cleanup = try await fixture.run([cluster.fairway, "cleanup"])
            #expect(cleanup.status == .exited(0) && cleanup.standardOutput.contains("pin folder /sys/fs/bpf/fairway"), "\(cleanup)")
            #expect(try await fixture.run([cluster.fairway, "cleanup"]).standardOutput == "nothing to remove\n")
            // A new file system may hold what the kernel shows there of itself.
            #expect(try await !fixture.run(["ls", "/sys/fs/bpf"]).standardOutput.contains("fairway"))
            let qdiscs = try await cluster.node.run(["tc", "qdisc", "show"]).standardOutput
            #expect(!qdiscs.contains("clsact"), "\(qdiscs)")
            let attached = try await fixture.run(["bpftool", "cgroup", "show", fixture.group.path]).standardOutput
            #expect(!attached.contains("connect4"), "\(attached)")
            try await waitUntilGone(maps: numbers)
        }

        @Test func `a second daemon and a cleanup are told who has the folder, and leave it alone`() async throws {
            let fixture = try await Fixture.make()
            let cluster = fixture.cluster
            defer { cluster.close() }
            let daemon = try await fixture.startDaemon()
            let before = try await numbers(fixture)
            // Of another node: the lock of the network namespace does not keep them apart.
            let folder = try ScratchFolder()
            defer { folder.remove() }
            let run = [
                cluster.fairway, "run", "--manifests", "\(cluster.folder.path)/manifests", "--state-dir", "",
                "--admin-socket", "", "--hostname-override", "node-b",
            ]
            for command in [run + fixture.options, [cluster.fairway, "cleanup"]] {
                let output = try await cluster.client.run(fixture.inside(command), timeout: .seconds(20))
                #expect(output.status == .exited(1), "\(output)")
                #expect(output.standardError.contains("/sys/fs/bpf/fairway: another fairway uses it"), "\(output)")
            }
            #expect(try await numbers(fixture) == before)
            try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
            daemon.terminate()
            try await daemon.waitForExit()
            // Nobody has the lock now, but what is there is another namespace's.
            let foreign = try await cluster.client.run(fixture.inside([cluster.fairway, "cleanup"]))
            #expect(foreign.standardError.contains("it belongs to another network namespace"), "\(foreign)")
            let cleanup = try await fixture.run([cluster.fairway, "cleanup"])
            #expect(cleanup.status == .exited(0), "\(cleanup)")
        }

        /// The kernel's numbers of the maps that are pinned.
        private func numbers(_ fixture: Fixture) async throws -> Set<String> {
            let script = """
                for name in \(Self.maps.joined(separator: " ")); do
                    bpftool map show pinned /sys/fs/bpf/fairway/$name | head -n 1 | cut -d : -f 1
                done
                """
            let output = try await fixture.run(["sh", "-c", script])
            return Set(output.standardOutput.split(separator: "\n").map { String($0) })
        }

        /// The kernel frees what nobody has any more when the last reader is done.
        private func waitUntilGone(maps numbers: Set<String>) async throws {
            let deadline = ContinuousClock.now + .seconds(20)
            var left = numbers
            let network = TestNetwork()
            defer { network.close() }
            let anywhere = try network.addNamespace("look")
            while !left.isEmpty, ContinuousClock.now < deadline {
                let shown = try await anywhere.run(["bpftool", "map", "show"]).standardOutput
                let here = Set(shown.split(separator: "\n").compactMap { $0.split(separator: ":").first.map { String($0) } })
                left.formIntersection(here)
            }
            #expect(left.isEmpty, "maps that are still there: \(left.sorted())")
        }
    }
}
