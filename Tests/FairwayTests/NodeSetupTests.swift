import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// What the daemon sets and watches on the node beside its rules.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct NodeSetupTests {
        private static let reserved = "net/ipv4/ip_local_reserved_ports"

        private func setting(_ name: String, _ cluster: FairwayNode) async throws -> String {
            let output = try await cluster.node.run(["cat", "/proc/sys/\(name)"])
            try #require(output.status.isSuccess, "\(output)")
            return String(output.standardOutput.prefix { !$0.isNewline })
        }

        @Test func `a second daemon in the namespace ends and names the first, a killed one is no hindrance`() async throws {
            try await FairwayNode.with { cluster, first in
                let second = try cluster.node.start(
                    cluster.runCommand([
                        "--admin-socket", "\(cluster.folder.path)/second.sock", "--healthz-bind-address", "",
                        "--metrics-bind-address", "", "--state-dir", "",
                    ]))
                #expect(try await second.waitForExit() == .exited(1))
                #expect(second.lines.count == 1)
                let line = try #require(second.lines.last)
                #expect(line.hasPrefix("fairway: ") && line.contains("pid \(first.pid)"), "\(line)")
                first.kill()
                #expect(try await first.waitForExit() == .signalled(9))
                let third = try await cluster.startDaemon()
                // Another namespace has a lock of its own.
                let elsewhere = try cluster.client.start(
                    cluster.runCommand(["--admin-socket", "\(cluster.folder.path)/other.sock", "--state-dir", ""]))
                try await elsewhere.waitForLine(containing: "IPv4 compared")
                third.terminate()
                #expect(try await third.waitForExit() == .exited(0))
            }
        }

        @Test func `connection tracking is set as asked, and what a namespace may not set is a warning`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let daemon = try await cluster.startDaemon([
                "--conntrack-tcp-timeout-established", "1h30m", "--conntrack-udp-timeout", "17s",
                "--conntrack-tcp-timeout-close-wait", "0", "--conntrack-tcp-be-liberal", "--conntrack-min", "2000000000",
            ])
            try await daemon.waitForLine(containing: "cannot write net.netfilter.nf_conntrack_max (/proc/sys/net/netfilter/nf_conntrack_max)")
            try await daemon.waitForLine(containing: "set nf_conntrack_udp_timeout to 17")
            #expect(try await setting("net/netfilter/nf_conntrack_tcp_timeout_established", cluster) == "5400")
            #expect(try await setting("net/netfilter/nf_conntrack_tcp_be_liberal", cluster) == "1")
            #expect(try await setting("net/netfilter/nf_conntrack_udp_timeout", cluster) == "17")
            #expect(try await setting("net/netfilter/nf_conntrack_tcp_timeout_close_wait", cluster) == "60")
        }

        @Test(.enabled(if: Requirement.tool("unshare"), "needs unshare"))
        func `a read-only proc is a warning that names the file, and Services work`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let script = "mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec \"$@\""
            let daemon = try cluster.node.start(
                ["unshare", "--mount", "sh", "-c", script, "sh"] + cluster.runCommand(["--reserve-nodeports"]))
            let file = "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established"
            let line = try await daemon.waitForLine(containing: file)
            #expect(line.contains("warning") && line.contains("Read-only file system"), "\(line)")
            try await daemon.waitForLine(containing: "/proc/sys/\(Self.reserved)): Read-only file system")
            try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
        }

        @Test func `NodePorts are reserved beside an administrator's ports, and given back`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let own = "8080,9148-9160,30099"
            try cluster.node.setSysctl(Self.reserved, own)
            let daemon = try await cluster.startDaemon(["--reserve-nodeports"])
            // The administrator's 30099 is not ours, though a NodePort has the number.
            try await daemon.waitForLine(containing: "NodePorts reserved ports=30053,30080")
            #expect(try await setting(Self.reserved, cluster) == "8080,9148-9160,30053,30080,30099")
            daemon.kill()
            #expect(try await daemon.waitForExit() == .signalled(9))

            // Another NodePort while nobody looked, and one that went.
            let moved = Manifests.services.replacing("nodePort: 30080", with: "nodePort: 30081")
            try cluster.folder.write("manifests/services.yaml", moved)
            let second = try await cluster.startDaemon(["--reserve-nodeports"])
            try await second.waitForLine(containing: "NodePorts reserved ports=30053,30081")
            #expect(try await setting(Self.reserved, cluster) == "8080,9148-9160,30053,30081,30099")
            // And one that goes while it runs.
            var seen = second.lines.count
            try cluster.folder.delete("manifests/services.yaml")
            try await second.waitForLine(containing: "NodePorts reserved ports=", from: seen)
            #expect(try await setting(Self.reserved, cluster) == own)
            seen = second.lines.count
            try cluster.folder.write("manifests/services.yaml", moved)
            try await second.waitForLine(containing: "ports=30053,30081", from: seen)
            second.terminate()
            #expect(try await second.waitForExit() == .exited(0))
            #expect(try await setting(Self.reserved, cluster) == "8080,9148-9160,30053,30081,30099")

            let cleanup = try await cluster.run(["cleanup", "--state-dir", "\(cluster.folder.path)/state"])
            #expect(cleanup.standardOutput.contains("removed 30053,30081 from net.ipv4.ip_local_reserved_ports"), "\(cleanup)")
            #expect(try await setting(Self.reserved, cluster) == own)
        }

        @Test func `without the option what an earlier run reserved is given back`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let daemon = try await cluster.startDaemon(["--reserve-nodeports"])
            try await daemon.waitForLine(containing: "NodePorts reserved ports=30053,30080,30099")
            daemon.terminate()
            try await daemon.waitForExit()
            let second = try await cluster.startDaemon()
            try await second.waitForLine(containing: "NodePorts no longer reserved ports=30053,30080,30099")
            #expect(try await setting(Self.reserved, cluster) == "")
        }

        @Test func `a host process that listens on a NodePort is named, once`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            let squatter = try cluster.node.start([cluster.echo, "--tcp", "30080", "--udp", "127.0.0.1:30053"])
            try await squatter.waitForLine(containing: "ready")
            let daemon = try await cluster.startDaemon()
            let line = try await daemon.waitForLine(containing: "collides")
            for text in ["NodePort 30080/tcp of shop/web:http", ":30080/tcp is listened on by fairway-echo (pid \(squatter.pid))"] {
                #expect(line.contains(text), "\(line)")
            }
            // Another Service later: what was reported is not again, and loopback alone is no collision.
            try cluster.folder.write(
                "manifests/later.yaml",
                Manifests.service("later", selector: "app: nobody", [.ipv4: "10.96.0.77", .ipv6: "fd00:10:96::77"], ports: ["port: 80, nodePort: 30777"]))
            let late = try cluster.node.start([cluster.echo, "--tcp", "192.0.2.1:30778"])
            try await late.waitForLine(containing: "ready")
            try cluster.folder.write(
                "manifests/latest.yaml",
                Manifests.service("latest", selector: "app: nobody", [.ipv4: "10.96.0.78", .ipv6: "fd00:10:96::78"], ports: ["port: 80, nodePort: 30778"]))
            let second = try await daemon.waitForLine(containing: "NodePort 30778/tcp of shop/latest collides")
            #expect(second.contains("192.0.2.1:30778/tcp"), "\(second)")
            #expect(daemon.lines.count { $0.contains("collides") } == 2)
        }
    }
}
