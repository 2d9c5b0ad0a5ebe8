import FoundationEssentials
import KubernetesTesting
import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// What kubectl changes in the API reaches packets.
    @Suite(
        .enabled(if: Requirement.root, "needs root"), .enabled(if: Requirement.tool("kubectl"), "needs kubectl"),
        .timeLimit(.minutes(3)))
    struct ClusterTests {
        @Test func `what kubectl applies, scales, labels and deletes is what packets meet`() async throws {
            try await ClusterNode.with { cluster in
                let (target, nodePort, pods) = (try cluster.clusterIP(80), cluster.nodePort(30080), cluster.pods)
                let daemon = try await cluster.startDaemon()
                try await cluster.kubectl.apply(
                    Manifests.services, ClusterObjects.sliceManifest("web", "web-1", pods[0], pods[1]))
                for target in [target, nodePort] { try await cluster.waitUntilServed(by: ["pod0", "pod1"], at: target) }
                try await cluster.kubectl.apply(ClusterObjects.sliceManifest("web", "web-2", pods[2]))
                try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"], at: target)
                try await cluster.kubectl.apply(ClusterObjects.sliceManifest("web", "web-1", pods[0]))
                try await cluster.waitUntilServed(by: ["pod0", "pod2"], at: target)
                try await cluster.kubectl("delete", "endpointslice", "web-2", "-n", "shop")
                try await cluster.waitUntilServed(by: ["pod0"], at: nodePort)

                try await cluster.kubectl(
                    "label", "service", "web", "-n", "shop", "service.kubernetes.io/service-proxy-name=another")
                try await cluster.waitUntilRefused(nodePort)
                try await cluster.kubectl("label", "service", "web", "-n", "shop", "service.kubernetes.io/service-proxy-name-")
                for target in [target, nodePort] { try await cluster.waitUntilServed(by: ["pod0"], at: target) }

                try await cluster.kubectl("delete", "service", "web", "-n", "shop")
                try await cluster.waitUntilRefused(nodePort)
                daemon.terminate()
                let status = try await daemon.waitForExit()
                #expect(status == .exited(0))
            }
        }

        @Test func `with endpoints from pods no controller is needed`() async throws {
            try await ClusterNode.with { cluster in
                let target = try cluster.clusterIP(80)
                _ = try await cluster.startDaemon(["--endpoints-from", "pods"])
                let pods = cluster.pods.map { Manifests.pod($0) }
                try await cluster.kubectl.apply(Manifests.services, pods[0], pods[1], pods[2])
                try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"], at: target)
                try await cluster.kubectl("label", "pod", "pod1", "-n", "shop", "--overwrite", "app=under-repair")
                try await cluster.waitUntilServed(by: ["pod0", "pod2"], at: target)
                try await cluster.kubectl("delete", "pod", "pod0", "-n", "shop", "--wait=false")
                try await cluster.waitUntilServed(by: ["pod2"], at: target)
                try await cluster.kubectl("label", "pod", "pod1", "-n", "shop", "--overwrite", "app=web")
                try await cluster.waitUntilServed(by: ["pod1", "pod2"], at: target)
                #expect(cluster.server.count(.endpointSlices) == 0)
            }
        }

        @Test func `a kubeconfig that changes is followed at once, a broken one is told once`() async throws {
            try await ClusterNode.with { cluster in
                let file = "api/kubeconfig"
                let written = try String(contentsOfFile: cluster.kubeconfig, encoding: .utf8)
                let daemon = try await cluster.startDaemon()
                try cluster.base.folder.replace(file, "clusters: [")
                let line = try await daemon.waitForLine(containing: "what was read of it before is used on")
                #expect(line.contains("warning kubeconfig \(cluster.kubeconfig): not YAML: line "), "\(line)")
                // What was listed before is followed on, and nothing more is said of the file.
                try cluster.server.put(ClusterObjects.service("web", 80, nodePort: 30080), .services)
                try cluster.server.put(ClusterObjects.slice("web", cluster.pods[0]), .endpointSlices)
                try await cluster.waitUntilServed(by: ["pod0"], at: cluster.clusterIP(80))

                let server = try #require(written.firstMatch(of: /https:[^ \n"]+/)?.0)
                try cluster.base.folder.replace(file, written.replacing(server, with: "https://192.0.2.77:6443"))
                let fixed = try await daemon.waitForLine(containing: "takes effect with a restart")
                #expect(fixed.contains("server is now https://192.0.2.77:6443, was \(server)"), "\(fixed)")
                try cluster.base.folder.replace(file, written)
                try await daemon.waitForLine(containing: "was read anew: requests that begin now are made with it")
                #expect(daemon.lines.count { $0.contains("kubeconfig \(cluster.kubeconfig)") && $0.contains(" warning ") } == 2)
            }
        }

        @Test(arguments: ["services", "endpointslices", "nodes"])
        func `nothing is programmed before everything is known`(plural: String) async throws {
            try await ClusterNode.with { cluster in
                let server = cluster.server
                try server.put(ClusterObjects.service("web", 80, nodePort: 30080), .services)
                try server.put(ClusterObjects.slice("web", cluster.pods[0]), .endpointSlices)
                server.inject(.internalError, verbs: [.list, .watch], of: plural, count: nil)
                _ = try cluster.node.start(cluster.runCommand())
                let others = Set(["services", "endpointslices", "nodes"]).subtracting([plural])
                // The others are watched, and the one is asked for a second time: there was time to do wrong.
                try await eventually("the others are known") {
                    others.allSatisfy { server.watchCount(of: $0) == 1 } && server.faultHits >= 2
                }
                let rules = try await cluster.base.ruleset()
                #expect(!rules.contains("10.96.0.80") && !rules.contains("fairway"), "\(rules)")
                server.removeFaults()
                try await cluster.waitUntilServed(by: ["pod0"], at: cluster.clusterIP(80))
            }
        }

        @Test func `events tell of the start and of an address that two Services want`() async throws {
            try await ClusterNode.with { cluster in
                let server = cluster.server
                for (name, last, port) in [("first", 81, 30081), ("second", 82, 30082)] as [(String, Int, Int64)] {
                    var service = ClusterObjects.service(name, last, nodePort: port)
                    service[["spec", "externalIPs"]] = ["192.0.2.200"]
                    try server.put(service, .services)
                }
                _ = try await cluster.startDaemon()
                func reasons() -> Set<String> { Set(server.list(.coreEvents).compactMap { $0["reason"]?.string }) }
                try await eventually("both events are there") { reasons().isSuperset(of: ["Starting", "FrontendConflict"]) }
                let told = try await cluster.kubectl("get", "events.events.k8s.io", "-A", "-o", "json")
                let events = try JSON(parsing: Array(told.utf8))["items"]?.array ?? []
                let start = try #require(events.first { $0["reason"] == "Starting" }, "\(told)")
                #expect(start["type"] == "Normal" && start[["regarding", "kind"]] == "Node", "\(start)")
                #expect(start[["regarding", "name"]] == "node-a" && start[["metadata", "namespace"]] == "default", "\(start)")
                let conflict = try #require(events.first { $0["reason"] == "FrontendConflict" }, "\(told)")
                #expect(conflict["type"] == "Warning" && conflict[["regarding", "kind"]] == "Service", "\(conflict)")
                #expect(conflict[["metadata", "namespace"]] == "shop", "\(conflict)")
                #expect(conflict["note"]?.string?.contains("192.0.2.200") == true, "\(conflict)")
                let table = try await cluster.kubectl("get", "events", "-A")
                #expect(table.contains("Starting") && table.contains("node/node-a"), "\(table)")
            }
        }
    }

    /// A source that cannot be used ends the daemon before it does anything.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct ClusterSourceTests {
        private struct Outcome {
            var status: LinuxSystem.ExitStatus
            var line: String
        }

        private func run(_ command: String, kubeconfig: String?) async throws -> Outcome {
            let (network, folder) = (TestNetwork(), try ScratchFolder())
            defer {
                network.close()
                folder.remove()
            }
            var arguments = [try productPath("fairway"), command]
            if let kubeconfig { arguments += ["--kubeconfig", try folder.write("kubeconfig", kubeconfig)] }
            let output = try await network.addNamespace("cli").run(arguments)
            let last = output.standardError.split(separator: "\n").last.map { String($0) } ?? ""
            return Outcome(status: output.status, line: last.replacing(folder.path, with: "FOLDER"))
        }

        @Test(arguments: [
            ("server: ftp://host", "FOLDER/kubeconfig: clusters[c].cluster.server"),
            ("certificate-authority-data: '???', server: https://localhost", "FOLDER/kubeconfig: clusters[c].cluster.certificate-authority-data"),
            ("server: https://localhost, insecure-skip-tls-verify: perhaps", "FOLDER/kubeconfig: clusters[c].cluster.insecure-skip-tls-verify"),
        ])
        func `a kubeconfig that is wrong is told with file and field`(cluster: String, says: String) async throws {
            for command in ["run", "dns", "controller"] {
                let outcome = try await run(
                    command,
                    kubeconfig: """
                        apiVersion: v1
                        kind: Config
                        clusters: [{name: c, cluster: {\(cluster)}}]
                        contexts: [{name: x, context: {cluster: c}}]
                        current-context: x

                        """)
                #expect(outcome.status == .exited(2), "\(command): \(outcome)")
                #expect(outcome.line.hasPrefix("fairway: ") && outcome.line.contains(says), "\(command): \(outcome)")
            }
        }

        @Test(arguments: ["run", "dns", "controller"])
        func `without a source it ends and says how to name one`(command: String) async throws {
            let outcome = try await run(command, kubeconfig: nil)
            #expect(outcome.status == .exited(2), "\(outcome)")
            #expect(outcome.line.contains("--kubeconfig FILE"), "\(outcome)")
        }
    }
}
