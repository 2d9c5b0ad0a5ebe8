import NetworkNamespaceTesting
import LinuxSystem
import NetworkTypes
import Testing

extension FairwayTests {
    /// `fairway.dev/keep-client-address`, from the annotation to the packets.
    @Suite(.enabled(if: Requirement.root, "needs root: makes network namespaces"))
    struct ClientAddressTests {
        private static let addresses: [IPFamily: String] = [.ipv4: "10.96.0.82", .ipv6: "fd00:10:96::82"]
        private static let service = Manifests.service(
            "kept", selector: "app: web", addresses,
            ports: [
                "name: http, port: 80, targetPort: http, nodePort: 30082",
                "name: echo, protocol: UDP, port: 5353, targetPort: echo, nodePort: 30056",
            ], annotations: "fairway.dev/keep-client-address: \"true\"")

        @Test(arguments: Transport.allCases, IPFamily.allCases)
        func `pods see who asks where the Service says so, and else the node`(
            transport: Transport, family: IPFamily
        ) async throws {
            let cluster = try await FairwayNode.make()
            defer { cluster.close() }
            try cluster.folder.write("manifests/kept.yaml", Self.service)
            _ = try await cluster.startDaemon(["--proxy-mode", "userspace"])
            let node = [ServiceTopology.nodeAddress(family), ServiceTopology.podGateway(family)]
            let (port, _) = Manifests.ports(transport)
            let kept = [
                try Manifests.target(Self.addresses, family, port),
                SocketAddress(ServiceTopology.nodeAddress(family), port: transport == .tcp ? 30082 : 30056),
            ]
            let plain = try Manifests.target(Manifests.clusterIP, family, port)
            for (sender, name, own) in [
                (cluster.client, "client", ServiceTopology.clientAddress(family)),
                (cluster.pods[0].namespace, "pod0", cluster.pods[0].address(family)),
            ] {
                for target in kept {
                    let answers = try await cluster.ask(from: sender, transport, target, count: 30)
                    #expect(Set(answers.map(\.name)) == ["pod0", "pod1", "pod2"], "\(target)")
                    for answer in answers {
                        let expected = answer.name == name ? node : [own]
                        #expect(answer.source.map(expected.contains) == true, "\(answer) for \(name) at \(target)")
                    }
                }
                let answers = try await cluster.ask(from: sender, transport, plain, count: 10)
                #expect(answers.allSatisfy { $0.source.map(node.contains) == true }, "\(answers)")
            }
        }
    }
}
