import LinuxSystem
import NetworkNamespaceTesting
import Testing

extension FairwayTests {
    /// `--dns-autopath`: a pod's search path, walked for it.
    @Suite(
        .enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("dig"), "needs dig"),
        .enabled(if: Requirement.tool("curl"), "needs curl"))
    struct DNSAutopathTests {
        private static let options = [
            "--dns-autopath", "--hostname-override", "node-a", "--dns-metrics-bind-address", "127.0.0.1:9153",
        ]
        private static let address = "10.244.9.9"
        /// What a resolver asks first for `api.back`.
        private static let question = ["api.back.shop.svc.cluster.local", "A"]
        private static let found = ["10.96.5.5", "api.back.svc.cluster.local."]

        private static let service = """
            apiVersion: v1
            kind: Service
            metadata: {name: api, namespace: back}
            spec: {clusterIP: 10.96.5.5, ports: [{name: http, port: 80}]}

            """

        private static func pod(node: String) -> String {
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: client, namespace: shop}
            spec: {nodeName: \(node)}
            status: {phase: Running, podIP: \(address), podIPs: [{ip: \(address)}]}

            """
        }

        /// A server, and an address to ask from that a pod of `node` has.
        private static func with(
            node: String = "node-a", _ body: (DNSServerProcess, RunningProcess) async throws -> Void
        ) async throws {
            let server = try DNSServerProcess()
            defer { server.close() }
            try server.namespace.configure(["addr add \(address)/32 dev lo"])
            try server.folder.write("manifests/api.yaml", service)
            try server.folder.write("manifests/pod.yaml", pod(node: node))
            let daemon = try await server.start(options)
            try await daemon.waitForLine(containing: "dns metrics at")
            try await body(server, daemon)
        }

        private static func askAsPod(_ server: DNSServerProcess, _ question: [String] = question) async throws -> [String] {
            try await server.dig(["-b", address] + question)
        }

        @Test func `a pod gets the answer of its whole search path at once`() async throws {
            try await Self.with { server, daemon in
                for transport in ["+notcp", "+tcp"] {
                    let answer = try await Self.askAsPod(server, Self.question + [transport])
                    #expect(answer == Self.found, "\(transport)")
                }
                // Nobody else does: their search path is not known.
                let other = try await server.digAll(Self.question)
                #expect(other.contains("status: NXDOMAIN"), "\(other)")
                let metrics = try await server.curl("http://127.0.0.1:9153/metrics").body
                #expect(metrics.contains("coredns_autopath_success_total{server=\"dns://:53\"} 2\n"), "\(metrics)")
                let text = try await server.get(["dns"]).standardOutput
                #expect(text.contains("searches:         2"), "\(text)")
            }
        }

        @Test func `a pod that has ended, or is another node's, is nobody`() async throws {
            try await Self.with { server, daemon in
                let before = try await Self.askAsPod(server)
                #expect(before == Self.found)
                for (name, text) in [("pod.yaml", Self.pod(node: "node-b")), ("pod.yaml", Self.pod(node: "node-a"))] {
                    let lines = daemon.lines.count
                    try server.folder.replace("manifests/\(name)", text)
                    try await daemon.waitForLine(containing: "manifests applied", from: lines)
                    let answer = try await Self.askAsPod(server)
                    #expect(answer == (text.contains("node-a") ? Self.found : []), "\(text)")
                }
                let lines = daemon.lines.count
                try server.folder.delete("manifests/pod.yaml")
                try await daemon.waitForLine(containing: "manifests applied", from: lines)
                let after = try await Self.askAsPod(server)
                #expect(after == [])
            }
        }

        @Test func `pods of the last run are not known, though its names are`() async throws {
            try await Self.with { server, first in
                first.terminate()
                _ = try await first.waitForExit()
                // A source that is not there tells nothing: names are the last run's.
                var command = server.command(Self.options)
                command[3] = "\(server.folder.path)/elsewhere"
                let second = try server.namespace.start(command)
                try await second.waitForLine(containing: "dns at 127.0.0.1:53")
                let known = try await Self.askAsPod(server, ["api.back.svc.cluster.local", "A"])
                #expect(known == ["10.96.5.5"], "\(second.lines)")
                let walked = try await Self.askAsPod(server)
                #expect(walked == [])
            }
        }
    }
}
