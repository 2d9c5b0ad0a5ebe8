import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// Flows that connection tracking would keep where they were.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct StaleFlowTests {
        /// Longer than any change takes, also on a busy machine.
        private static let limit = Duration.seconds(10)

        /// Asks from one source port until this pod answers; what answered before it.
        private func waitUntilAnswered(
            _ cluster: FairwayNode, by name: String, at target: SocketAddress, port: UInt16
        ) async throws {
            let answer = try await lastAnswer(within: Self.limit, where: { $0 == name }) {
                try await ask(cluster, target, port: port)
            }
            try #require(answer == name, "\(target) answers \(answer)")
        }

        private func ask(_ cluster: FairwayNode, _ target: SocketAddress, port: UInt16) async throws -> String {
            let source = SocketAddress(ServiceTopology.clientAddress(target.family), port: port)
            let output = try await cluster.client.run(
                [cluster.echo, "connect", "udp", "\(target)", "--bind", "\(source)", "--timeout", "300ms"])
            return output.standardOutput.split(separator: "\n").first.map { Answer(String($0)).name } ?? ""
        }

        private func targets(_ family: IPFamily) throws -> [SocketAddress] {
            let ports = Manifests.ports(.udp)
            return [
                try Manifests.target(Manifests.clusterIP, family, ports.port),
                SocketAddress(ServiceTopology.nodeAddress(family), port: ports.nodePort),
            ]
        }

        @Test(arguments: IPFamily.allCases)
        func `a UDP client that never changes its port follows to the new pod`(family: IPFamily) async throws {
            try await FairwayNode.with { cluster, _ in
                for pod in cluster.pods.dropFirst() { try cluster.folder.delete("manifests/\(pod.name).yaml") }
                try await cluster.waitUntilServed(by: ["pod0"])
                for target in try targets(family) {
                    try await waitUntilAnswered(cluster, by: "pod0", at: target, port: 5001)
                }
                try cluster.folder.write("manifests/pod1.yaml", Manifests.pod(cluster.pods[1]))
                try cluster.folder.delete("manifests/pod0.yaml")
                for target in try targets(family) {
                    try await waitUntilAnswered(cluster, by: "pod1", at: target, port: 5001)
                }
                let metrics = try await cluster.node.run(["curl", "-sS", "http://127.0.0.1:10249/metrics"]).standardOutput
                let deleted = "kubeproxy_conntrack_reconciler_deleted_entries_total{ip_family=\"\(family)\"} "
                let line = metrics.split(separator: "\n").first { $0.hasPrefix(deleted) }
                #expect((line.flatMap { Int($0.dropFirst(deleted.count)) } ?? 0) >= 2, "\(metrics)")
            }
        }

        @Test(arguments: IPFamily.allCases)
        func `a UDP client that sent before any endpoint existed is served once one does`(
            family: IPFamily
        ) async throws {
            try await FairwayNode.with { cluster, _ in
                for pod in cluster.pods { try cluster.folder.delete("manifests/\(pod.name).yaml") }
                let http = try Manifests.target(Manifests.clusterIP, family, 80)
                try await cluster.waitUntilRefused(http, from: cluster.client)
                for target in try targets(family) {
                    let answer = try await ask(cluster, target, port: 5002)
                    #expect(answer != "pod0")
                }
                // The same for what nothing was known of at all.
                try cluster.folder.delete("manifests/services.yaml")
                try await cluster.waitUntilRefused(
                    SocketAddress(ServiceTopology.nodeAddress(family), port: 30080), from: cluster.client)
                for target in try targets(family) {
                    let answer = try await ask(cluster, target, port: 5002)
                    #expect(answer != "pod0")
                }
                try cluster.folder.write("manifests/services.yaml", Manifests.services)
                try cluster.folder.write("manifests/pod0.yaml", Manifests.pod(cluster.pods[0]))
                for target in try targets(family) {
                    try await waitUntilAnswered(cluster, by: "pod0", at: target, port: 5002)
                }
            }
        }

        @Test func `connections to a removed pod are closed when asked for`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            for pod in cluster.pods.dropFirst() { try cluster.folder.delete("manifests/\(pod.name).yaml") }
            _ = try await cluster.startDaemon(["--close-stale-connections"])
            try await cluster.waitUntilServed(by: ["pod0"])
            let target = try Manifests.target(Manifests.clusterIP, .ipv4, 80)
            let stream = try cluster.client.start(
                [cluster.echo, "stream", "tcp", "\(target)", "--seconds", "60", "--bytes-per-second", "20000", "--timeout", "30s"])
            try await stream.waitForLine(containing: "streaming pod0")
            try cluster.folder.write("manifests/pod1.yaml", Manifests.pod(cluster.pods[1]))
            try await cluster.waitUntilServed(by: ["pod0", "pod1"])
            #expect(stream.lines.count == 1)
            try cluster.folder.delete("manifests/pod0.yaml")
            try await stream.waitForLine(containing: "failed: reset")
        }
    }
}
