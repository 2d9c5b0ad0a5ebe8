import LinuxSystem
import NetworkNamespaceTesting
import NetworkTypes
import Testing

extension FairwayTests {
    /// The own Node's zone, podCIDRs and addresses, from its manifest, and what follows when they change.
    @Suite(.enabled(if: Requirement.root, "needs root"))
    struct OwnNodeTests {
        private static let zonalIP: [IPFamily: String] = [.ipv4: "10.96.0.55", .ipv6: "fd00:10:96::55"]

        private static func node(
            labels: String = "", podCIDRs: String = "10.244.0.0/24, \"fd00:10:244::/64\"",
            addresses: [String] = ["192.0.2.1", "2001:db8:2::1"]
        ) -> String {
            """
            apiVersion: v1
            kind: Node
            metadata:
              name: node-a
              labels: {\(labels)}
            spec:
              podCIDRs: [\(podCIDRs)]
            status:
              addresses:
            \(addresses.map { "    - {type: InternalIP, address: \"\($0)\"}" }.joined(separator: "\n"))

            """
        }

        /// A Service whose endpoints have hints: pod0 for zone a, pod1 for zone b.
        private static func zonal(_ cluster: FairwayNode, _ family: IPFamily) -> String {
            let endpoints = zip(cluster.pods, ["a", "b"]).map { pod, zone in
                "  - {addresses: [\"\(pod.address(family))\"], conditions: {ready: true}, hints: {forZones: [{name: \(zone)}]}}"
            }
            return """
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: zonal-\(family == .ipv4 ? 4 : 6), namespace: shop, labels: {kubernetes.io/service-name: zonal}}
                addressType: \(family)
                ports: [{name: "", port: 8080, protocol: TCP}]
                endpoints:
                \(endpoints.joined(separator: "\n"))
                ---

                """
        }

        private static let zonalService = """
            apiVersion: v1
            kind: Service
            metadata: {name: zonal, namespace: shop}
            spec:
              ipFamilyPolicy: RequireDualStack
              ipFamilies: [IPv4, IPv6]
              clusterIP: 10.96.0.55
              clusterIPs: [10.96.0.55, "fd00:10:96::55"]
              ports: [{port: 80, targetPort: 8080}]

            """

        /// Asks until the answers are as wanted; how long a change may take is the limit.
        private func eventually(
            _ what: String, _ cluster: FairwayNode, from origin: TestNamespace, _ target: SocketAddress, count: Int = 40,
            _ isWanted: ([Answer]) -> Bool
        ) async throws {
            let answers = try await lastAnswer(within: .seconds(5), where: isWanted) {
                try await cluster.ask(from: origin, .tcp, target, count: count)
            }
            try #require(isWanted(answers), "\(what): \(target) answers \(answers)")
        }

        @Test func `the zone label decides which hinted endpoints are used, and may change`() async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            try cluster.folder.write(
                "manifests/zonal.yaml", IPFamily.allCases.map { Self.zonal(cluster, $0) }.joined() + Self.zonalService)
            try cluster.folder.write("manifests/node.yaml", Self.node(labels: "topology.kubernetes.io/zone: a"))
            let daemon = try await cluster.startDaemon()
            let steps: [(label: String, pods: Set<String>)] = [
                ("topology.kubernetes.io/zone: a", ["pod0"]), ("topology.kubernetes.io/zone: b", ["pod1"]),
                ("", ["pod0", "pod1"]), ("topology.kubernetes.io/zone: a", ["pod0"]),
            ]
            for step in steps {
                try cluster.folder.replace("manifests/node.yaml", Self.node(labels: step.label))
                for family in IPFamily.allCases {
                    let target = try Manifests.target(Self.zonalIP, family, 80)
                    try await eventually("zone \(step.label)", cluster, from: cluster.client, target) {
                        Set($0.map(\.name)) == step.pods
                    }
                }
            }
            #expect(try await cluster.get(["status"]).standardOutput.contains("\(daemon.pid)"))
        }

        @Test(arguments: IPFamily.allCases)
        func `podCIDRs decide who is a pod, and may change`(family: IPFamily) async throws {
            try await FairwayNode.with { cluster, _ in
                let pod = cluster.pods[0]
                let target = try Manifests.target(Manifests.clusterIP, family, 80)
                try await eventually("own podCIDRs", cluster, from: pod.namespace, target) { answers in
                    // Itself it reaches masqueraded.
                    answers.allSatisfy { $0.name == pod.name || $0.source == pod.address(family) } && !answers.isEmpty
                }
                let others = "10.99.0.0/24, \"fd00:99::/64\""
                try cluster.folder.replace("manifests/node.yaml", Self.node(podCIDRs: others))
                try await eventually("podCIDRs of elsewhere", cluster, from: pod.namespace, target) { answers in
                    answers.allSatisfy { $0.source == ServiceTopology.podGateway(family) } && !answers.isEmpty
                }
                #expect(try await cluster.get(["status"]).standardOutput.contains("10.99.0.0/24"))
                try cluster.folder.replace("manifests/node.yaml", Self.node())
                try await eventually("own podCIDRs again", cluster, from: pod.namespace, target) { answers in
                    answers.contains { $0.name != pod.name }
                        && answers.allSatisfy { $0.name == pod.name || $0.source == pod.address(family) }
                }
            }
        }

        @Test(arguments: IPFamily.allCases)
        func `InternalIPs are where NodePorts are served, and may change`(family: IPFamily) async throws {
            try await FairwayNode.with { cluster, _ in
                let first = SocketAddress(ServiceTopology.nodeAddress(family), port: 30080)
                let second = SocketAddress(ServiceTopology.podGateway(family), port: 30080)
                let pod = cluster.pods[0].namespace
                let everybody: Set<String> = ["pod0", "pod1", "pod2"]
                try await eventually("first address", cluster, from: cluster.client, first) {
                    Set($0.map(\.name)) == everybody
                }
                try await cluster.waitUntilRefused(second, from: pod)
                let gateways = IPFamily.allCases.map { "\(ServiceTopology.podGateway($0))" }
                try cluster.folder.replace("manifests/node.yaml", Self.node(addresses: gateways))
                try await eventually("second address", cluster, from: pod, second) {
                    Set($0.map(\.name)) == everybody
                }
                try await cluster.waitUntilRefused(first, from: cluster.client)
                // One family alone: the other has no NodePorts, rather than all of them.
                let one = "\(family == .ipv4 ? ServiceTopology.nodeAddress(.ipv6) : ServiceTopology.nodeAddress(.ipv4))"
                try cluster.folder.replace("manifests/node.yaml", Self.node(addresses: [one]))
                try await cluster.waitUntilRefused(second, from: pod)
                try await cluster.waitUntilRefused(first, from: cluster.client)
            }
        }
    }
}
