import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import ServicePolicy
import ServiceTable
import Testing

/// Options that change while the policy is at work.
@Suite struct OptionChangeTests {
    private static let objects: [KubernetesObject] = [
        .node(.make("node-a", internalIPs: ["192.0.2.1"], podCIDRs: ["10.244.0.0/24"])),
        .service(.make("web", type: .nodePort, clusterIPs: ["10.96.0.80"], ports: [ServicePortSpec(port: 80, nodePort: 30080)])),
        .service(.make("other", clusterIPs: ["10.96.0.81"])),
        .endpointSlice(
            .make("web-1", service: "web", endpoints: [.make("10.244.0.5", node: "node-a"), .make("10.244.1.5", node: "node-b")])),
        .endpointSlice(.make("other-1", service: "other", endpoints: [.make("10.244.1.6", node: "node-b")])),
    ]

    private static func cluster(_ options: PolicyOptions) -> Cluster {
        var cluster = Cluster(options)
        cluster.apply(objects.map(StoreEvent.set))
        return cluster
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let make: @Sendable (inout PolicyOptions) -> Void
    }

    @Test(arguments: [
        Change(testDescription: "everything is masqueraded") { $0.masqueradeAll = true },
        Change(testDescription: "another cluster CIDR") { $0.clusterCIDRs = [prefix("10.0.0.0/8")] },
        Change(testDescription: "pods are told by a bridge") { $0.localDetection = .bridgeInterface("cni0") },
        Change(testDescription: "another scheduler") { $0.scheduler = .roundRobin },
        Change(testDescription: "NodePorts elsewhere") { $0.nodePortAddresses = .prefixes([prefix("192.0.2.0/24")]) },
        Change(testDescription: "a node address of the operator's") { $0.nodeAddress = ip("192.0.2.44") },
    ])
    func `they lead to the table that they would have led to from the start`(change: Change) {
        var options = PolicyOptions.onNodeA
        var cluster = Self.cluster(options)
        let before = cluster.policy.table
        change.make(&options)
        cluster.policy.change(options)
        cluster.apply([])
        let expected = Self.cluster(options).policy.table
        #expect(cluster.policy.table == expected)
        #expect(before != expected)
        // And nothing is left to be decided.
        #expect(cluster.apply([]).isEmpty)
    }

    @Test func `the node's address that the operator named stands for the Node's of its family`() {
        var options = PolicyOptions.onNodeA
        options.nodeAddress = ip("192.0.2.44")
        var cluster = Cluster(options)
        cluster.set(.node(.make("node-a", internalIPs: ["192.0.2.1", "2001:db8::1"])))
        #expect(cluster.policy.table.node.nodePortAddresses.map(\.description) == ["192.0.2.44", "2001:db8::1"])
    }
}
