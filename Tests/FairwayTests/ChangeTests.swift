import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// Edits of manifests, while traffic runs.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct ChangeTests {
        @Test func `labels and readiness move traffic`() async throws {
            try await FairwayNode.with { cluster, _ in
                let (pod0, pod1) = (cluster.pods[0], cluster.pods[1])
                try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
                try cluster.folder.replace("manifests/pod1.yaml", Manifests.pod(pod1, app: "under-repair"))
                try await cluster.waitUntilServed(by: ["pod0", "pod2"])
                try cluster.folder.replace("manifests/pod0.yaml", Manifests.pod(pod0, isReady: false))
                try await cluster.waitUntilServed(by: ["pod2"])
                // In place, as a shell's redirection writes.
                try cluster.folder.write("manifests/pod1.yaml", Manifests.pod(pod1))
                try await cluster.waitUntilServed(by: ["pod1", "pod2"])
                try cluster.folder.replace("manifests/pod0.yaml", Manifests.pod(pod0))
                try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
            }
        }

        @Test func `a file removed takes its pod away, made again brings it back`() async throws {
            try await FairwayNode.with { cluster, _ in
                try cluster.folder.delete("manifests/pod2.yaml")
                try await cluster.waitUntilServed(by: ["pod0", "pod1"])
                try cluster.folder.write("manifests/pod2.yaml", Manifests.pod(cluster.pods[2]))
                try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
            }
        }

        @Test func `the last endpoint gone refuses, a Service removed is no longer answered`() async throws {
            try await FairwayNode.with { cluster, _ in
                for pod in cluster.pods { try cluster.folder.delete("manifests/\(pod.name).yaml") }
                try await cluster.waitUntilServed(by: ["refused"])
                try cluster.folder.write("manifests/pod0.yaml", Manifests.pod(cluster.pods[0]))
                try await cluster.waitUntilServed(by: ["pod0"])
                try cluster.folder.delete("manifests/services.yaml")
                // Its NodePort is a closed port again.
                let nodePort = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: 30080)
                let deadline = ContinuousClock.now + .seconds(5)
                var answer = ""
                repeat {
                    answer = try await cluster.ask(from: cluster.client, .tcp, nodePort, count: 1).first?.name ?? ""
                } while answer != "refused" && ContinuousClock.now < deadline
                #expect(answer == "refused")
            }
        }

        @Test func `a broken edit is reported and changes nothing`() async throws {
            try await FairwayNode.with { cluster, daemon in
                let before = try await cluster.ruleset()
                try cluster.folder.replace("manifests/services.yaml", "kind: Service\napiVersion: v1\nmetadata: [\n")
                try await daemon.waitForLine(containing: "services.yaml:")
                try await cluster.waitUntilServed(by: ["pod0", "pod1", "pod2"])
                #expect(try await cluster.ruleset() == before)
                let status = try await cluster.get(["status"])
                #expect(status.standardOutput.contains("services.yaml:"), "\(status)")
                try cluster.folder.replace("manifests/services.yaml", Manifests.services)
                try await daemon.waitForLine(containing: "mended")
            }
        }

        @Test(arguments: IPFamily.allCases)
        func `an established connection outlives the removal of its endpoint`(family: IPFamily) async throws {
            try await FairwayNode.with { cluster, _ in
                let target = try Manifests.target(Manifests.clusterIP, family, 80)
                let stream = try cluster.client.start([cluster.echo, "stream", "tcp", "\(target)", "--seconds", "1.5"])
                let first = Answer(String(try await stream.waitForLine(containing: "streaming").dropFirst(10)))
                let pod = try #require(cluster.pods.first { $0.name == first.name }, "\(first)")
                try cluster.folder.replace("manifests/\(pod.name).yaml", Manifests.pod(pod, app: "under-repair"))
                try await cluster.waitUntilServed(by: Set(cluster.pods.map(\.name)).subtracting([pod.name]))
                #expect(stream.lines.count == 1, "it ended before the change: \(stream.lines)")
                try await stream.waitForLine(containing: "verified")
                #expect(try await stream.waitForExit() == .exited(0))
            }
        }
    }
}
