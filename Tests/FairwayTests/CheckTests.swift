import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// `fairway check`.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct CheckTests {
        private func check(_ arguments: [String]) async throws -> ProcessOutput {
            let network = TestNetwork()
            defer { network.close() }
            return try await network.addNamespace("check").run([productPath("fairway"), "check"] + arguments)
        }

        private static let broken: [(file: String, text: String, fault: String)] = [
            (
                "port.yaml",
                "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n    - port: 70000\n",
                ":7:13: Service default/web: spec.ports[0].port:"
            ),
            ("syntax.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: [web\n", ":5:1: "),
            (
                "protocol.json",
                """
                {"apiVersion":"v1",
                 "kind":"Service",
                 "metadata":{"name":"w"},
                 "spec":{"ports":[{"port":80,"protocol":"XTP"}]}}
                """,
                ":4:41: Service default/w: spec.ports[0].protocol:"
            ),
            (
                "below/label.yml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels: {\"-bad\": x}\n",
                ":5:20: Pod default/p: metadata.labels"
            ),
            (
                "second.yaml",
                """
                apiVersion: v1
                kind: Namespace
                metadata: {name: a}
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: no_underscore}
                """,
                ":7:18: Service default/no_underscore: metadata.name:"
            ),
        ]

        @Test func `a folder of broken manifests names each fault with file, line and column`() async throws {
            let folder = try ScratchFolder()
            for (file, text, _) in Self.broken { try folder.write(file, text) }
            try folder.write("good.yaml", Manifests.services)
            let output = try await check([folder.path])
            #expect(output.status == .exited(1), "\(output)")
            let lines = output.standardOutput.split(separator: "\n")
            for (file, _, fault) in Self.broken {
                let start = "\(folder.path)/\(file)\(fault)"
                #expect(lines.contains { $0.hasPrefix(start) }, "no line begins \(start): \(output)")
            }
            for line in lines { #expect(line.contains(/^[^:]+:\d+:\d+: ./), "\(line)") }
            #expect(!output.standardOutput.contains("good.yaml"))
            #expect(output.standardError.hasPrefix("fairway: \(lines.count) faults"), "\(output)")
        }

        @Test(arguments: [false, true])
        func `good manifests pass, kinds of others are counted`(byOption: Bool) async throws {
            let folder = try ScratchFolder()
            try folder.write("a/services.yaml", Manifests.services)
            try folder.write("node.yaml", Manifests.node)
            try folder.write("other.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n")
            let output = try await check(byOption ? ["--manifests", folder.path] : [folder.path])
            #expect(output.status == .exited(0), "\(output)")
            #expect(output.standardOutput.hasPrefix("no faults"), "\(output)")
            #expect(output.standardOutput.contains("1 Deployment"), "\(output)")
        }

        @Test func `a path that does not exist is named`() async throws {
            let output = try await check(["/nonexistent/manifests"])
            #expect(output.status == .exited(1), "\(output)")
            #expect(output.standardOutput.contains("/nonexistent/manifests"), "\(output)")
            #expect(output.standardOutput.contains("No such file"), "\(output)")
        }

        @Test func `two Services that ask for the same address are both named`() async throws {
            let folder = try ScratchFolder()
            for name in ["one", "two"] {
                try folder.write(
                    "\(name).yaml",
                    Manifests.service(
                        name, selector: "app: x", Manifests.clusterIP, type: "ClusterIP", ports: ["port: 80"]))
            }
            let output = try await check([folder.path])
            #expect(output.status == .exited(1), "\(output)")
            let line = try #require(output.standardOutput.split(separator: "\n").first)
            #expect(line.contains("shop/one") && line.contains("shop/two") && line.contains("10.96.0.80"), "\(line)")
        }
    }
}
