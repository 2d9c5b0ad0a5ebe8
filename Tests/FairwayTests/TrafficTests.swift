import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// Who reaches whom through which address, and whom the pod sees.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct TrafficTests {
        @Test func `every origin reaches every pod through ClusterIP and NodePort`() async throws {
            try await FairwayNode.with { cluster, _ in
                for family in IPFamily.allCases {
                    for transport in Transport.allCases {
                        let ports = Manifests.ports(transport)
                        let clusterIP = try Manifests.target(Manifests.clusterIP, family, ports.port)
                        let nodePort = SocketAddress(ServiceTopology.nodeAddress(family), port: ports.nodePort)
                        // A pod of this node keeps its address on the way to a ClusterIP, and only then.
                        try await check(cluster, "pod", transport, clusterIP, keepsSource: true)
                        try await check(cluster, "pod", transport, nodePort, keepsSource: false)
                        for origin in ["node", "client"] {
                            try await check(cluster, origin, transport, clusterIP, keepsSource: false)
                            try await check(cluster, origin, transport, nodePort, keepsSource: false)
                        }
                    }
                }
            }
        }

        private func check(
            _ cluster: FairwayNode, _ origin: String, _ transport: Transport, _ target: SocketAddress, keepsSource: Bool
        ) async throws {
            let label = "\(transport.rawValue) \(target) from the \(origin)"
            let namespace =
                switch origin {
                case "pod": cluster.pods[0].namespace
                case "node": cluster.node
                default: cluster.client
                }
            let family = target.address.family
            let answers = try await cluster.ask(from: namespace, transport, target)
            #expect(answers.count == 40, "\(label)")
            #expect(Set(answers.map(\.name)) == ["pod0", "pod1", "pod2"], "\(label): \(answers)")
            let ofNode = [ServiceTopology.nodeAddress(family), ServiceTopology.podGateway(family)]
            for answer in answers {
                let pod = try #require(cluster.pods.first { $0.name == answer.name }, "\(label): \(answer)")
                #expect(answer.local?.address == pod.address(family), "\(label): \(answer)")
                #expect(answer.local?.port == (transport == .udp ? 9090 : Manifests.httpPort(pod)), "\(label): \(answer)")
                let source = try #require(answer.source, "\(label): \(answer)")
                // Reached by itself, a pod must see the node, or it would answer itself past the node.
                if keepsSource && answer.name != "pod0" {
                    #expect(source == cluster.pods[0].address(family), "\(label): \(answer)")
                } else {
                    #expect(ofNode.contains(source), "\(label): \(answer)")
                }
            }
        }

        @Test func `a Service without endpoints refuses at once`() async throws {
            try await FairwayNode.with { cluster, _ in
                for family in IPFamily.allCases {
                    for transport in Transport.allCases {
                        let clusterIP = try Manifests.target(
                            Manifests.emptyIP, family, Manifests.ports(transport).port)
                        let nodePort = SocketAddress(
                            ServiceTopology.nodeAddress(family), port: Manifests.emptyNodePort)
                        let cases = [
                            (cluster.pods[0].namespace, clusterIP), (cluster.node, clusterIP),
                            (cluster.client, clusterIP), (cluster.client, nodePort),
                        ]
                        for (origin, target) in cases {
                            let answers = try await cluster.ask(from: origin, transport, target, count: 1)
                            let label = "\(transport.rawValue) \(target) from \(origin.name)"
                            // A packet that the node itself sends is refused as it leaves: sendto(2) fails with EPERM.
                            let fromNode = origin.name == cluster.node.name && transport == .udp
                            let refusal = fromNode ? "error: Operation not permitted" : "refused"
                            #expect(answers.map(\.description) == [refusal], "\(label)")
                        }
                    }
                }
            }
        }

        @Test func `ports and addresses that no Service has are left alone`() async throws {
            try await FairwayNode.with { cluster, _ in
                // The pod itself, past every Service.
                let pod = cluster.pods[1]
                let direct = SocketAddress(pod.ipv4, port: 8080)
                let answers = try await cluster.ask(from: cluster.pods[0].namespace, .tcp, direct, count: 3)
                #expect(answers.map(\.name) == ["pod1", "pod1", "pod1"])
                #expect(answers.allSatisfy { $0.source == cluster.pods[0].ipv4 })
                // A port of the node that is nobody's NodePort.
                let other = SocketAddress(ServiceTopology.nodeAddress(.ipv4), port: 30081)
                #expect(try await cluster.ask(from: cluster.client, .tcp, other, count: 1).map(\.name) == ["refused"])
            }
        }
    }
}
