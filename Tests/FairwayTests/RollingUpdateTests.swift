import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// Pods replaced one after another under load.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct RollingUpdateTests {
        private static let local: [IPFamily: String] = [.ipv4: "10.96.2.1", .ipv6: "fd00:10:96::201"]
        private static let services =
            Manifests.service(
                "web", selector: "app: web", Manifests.clusterIP,
                ports: ["name: http, port: 80, targetPort: http, nodePort: 30080"])
            + Manifests.service(
                "local", selector: "app: web", local, ports: ["name: http, port: 80, targetPort: http, nodePort: 30081"],
                spec: ["externalTrafficPolicy: Local"])

        @Test func `three pods are replaced and not one of 200 connections a second fails`() async throws {
            let made = try await FairwayNode.bare(pods: 6, services: Self.services)
            defer { made.close() }
            var servers: [RunningProcess] = []
            for pod in made.pods { servers.append(try await made.startServer(in: pod)) }
            for pod in made.pods[..<3] { try made.folder.write("manifests/\(pod.name).yaml", Manifests.pod(pod)) }
            _ = try await made.startDaemon()
            try await made.waitUntilServed(by: ["pod0", "pod1", "pod2"])

            let node = ServiceTopology.nodeAddress(.ipv4)
            let targets = [
                "ClusterIP": try Manifests.target(Manifests.clusterIP, .ipv4, 80),
                "NodePort": SocketAddress(node, port: 30080), "external Local": SocketAddress(node, port: 30081),
            ]
            let clients = try targets.mapValues { target in
                try made.client.start([
                    made.echo, "connect", "tcp", "\(target)", "--rate", "200", "--count", "100000", "--timeout", "5s",
                ])
            }
            var serving: Set<String> = ["pod0", "pod1", "pod2"]
            // Every old pod has answered before it goes.
            for client in clients.values {
                for pod in serving { try await client.waitForLine(containing: pod) }
            }

            for index in 0..<3 {
                // As a Deployment does it: the new one ready, the old one terminating and then gone.
                let (old, new) = (made.pods[index], made.pods[index + 3])
                try made.folder.write("manifests/\(new.name).yaml", Manifests.pod(new))
                serving.insert(new.name)
                try await made.waitUntilServed(by: serving)
                try made.folder.replace("manifests/\(old.name).yaml", Manifests.pod(old, isTerminating: true))
                serving.remove(old.name)
                try await made.waitUntilServed(by: serving)
                try await made.waitUntilServed(by: serving, at: try Manifests.target(Self.local, .ipv4, 80))
                servers[index].terminate()
                _ = try await servers[index].waitForExit()
                try made.folder.delete("manifests/\(old.name).yaml")
            }
            try await made.waitUntilServed(by: ["pod3", "pod4", "pod5"])
            for (name, client) in clients {
                // Every new pod answers before the end.
                for pod in ["pod3", "pod4", "pod5"] { try await client.waitForLine(containing: pod) }
                client.kill()
                _ = try await client.waitForExit()
                let answers = client.lines.map { Answer($0).name }
                let failed = answers.filter { !$0.hasPrefix("pod") }
                #expect(failed.isEmpty, "\(name): \(failed)")
                #expect(Set(answers) == Set(made.pods.map(\.name)), "\(name)")
            }
        }
    }
}
