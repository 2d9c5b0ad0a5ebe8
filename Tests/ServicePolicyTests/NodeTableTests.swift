import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ServicePolicy
import ServiceTable
import Testing

/// What the policy says of the node itself (reference 1.6, 1.7).
@Suite struct NodeTableTests {
    struct AddressRow: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let node: [String]?
        let mode: PolicyOptions.NodePortAddresses
        let host: [String]
        let expected: [String]
        init(
            _ name: String, node: [String]?, mode: PolicyOptions.NodePortAddresses = .primary, host: [String],
            expected: [String]
        ) {
            (testDescription, self.node, self.mode, self.host, self.expected) = (name, node, mode, host, expected)
        }
    }

    @Test(arguments: [
        AddressRow("primary: the Node's InternalIPs", node: ["192.0.2.1", "2001:db8::1"], host: ["192.0.2.9"],
            expected: ["192.0.2.1", "2001:db8::1"]),
        AddressRow("a family without InternalIP gets none", node: ["192.0.2.1"], host: ["192.0.2.1", "2001:db8::9"],
            expected: ["192.0.2.1"]),
        AddressRow("an unknown Node: the host's addresses", node: nil, host: ["2001:db8::9", "192.0.2.9"],
            expected: ["192.0.2.9", "2001:db8::9"]),
        AddressRow("a Node without InternalIP: the host's addresses", node: [], host: ["192.0.2.9"],
            expected: ["192.0.2.9"]),
        AddressRow("each address once", node: ["192.0.2.1", "192.0.2.1"], host: [], expected: ["192.0.2.1"]),
        AddressRow("prefixes choose from the host's addresses, whatever the Node says", node: ["192.0.2.1"],
            mode: .prefixes([prefix("198.51.100.0/24"), prefix("2001:db8::/32")]),
            host: ["198.51.100.7", "192.0.2.1", "2001:db8::9", "198.51.100.3"],
            expected: ["198.51.100.3", "198.51.100.7", "2001:db8::9"]),
        AddressRow("all of a family", node: nil, mode: .prefixes([prefix("0.0.0.0/0")]),
            host: ["198.51.100.7", "2001:db8::9"], expected: ["198.51.100.7"]),
        AddressRow("no address in the prefixes", node: nil, mode: .prefixes([prefix("203.0.113.0/24")]),
            host: ["198.51.100.7"], expected: []),
        AddressRow("an address on two interfaces counts once", node: nil, mode: .prefixes([prefix("0.0.0.0/0")]),
            host: ["198.51.100.7", "198.51.100.7"], expected: ["198.51.100.7"]),
    ])
    func nodePortAddresses(_ row: AddressRow) {
        var options = PolicyOptions.onNodeA
        options.nodePortAddresses = row.mode
        var cluster = Cluster(options, hostAddresses: row.host)
        cluster.set(.node(.make("node-b", internalIPs: ["192.0.2.77"])))
        if let addresses = row.node { cluster.set(.node(.make("node-a", internalIPs: addresses))) }
        #expect(cluster.policy.table.node.nodePortAddresses.map(\.description) == row.expected)
    }

    struct DetectorRow: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let mode: PolicyOptions.LocalDetection
        let clusterCIDRs: [String]
        let podCIDRs: [String]?
        let expected: LocalDetector
        init(
            _ name: String, _ mode: PolicyOptions.LocalDetection, clusterCIDRs: [String] = [], podCIDRs: [String]? = nil,
            expected: LocalDetector
        ) {
            (testDescription, self.mode, self.clusterCIDRs, self.podCIDRs) = (name, mode, clusterCIDRs, podCIDRs)
            self.expected = expected
        }
    }

    @Test(arguments: [
        DetectorRow("automatic: cluster CIDRs first", .automatic, clusterCIDRs: ["10.244.0.0/16"],
            podCIDRs: ["10.1.0.0/24"], expected: .sourcePrefixes([prefix("10.244.0.0/16")])),
        DetectorRow("automatic: else the Node's podCIDRs", .automatic, podCIDRs: ["fd44::/64", "10.1.0.0/24"],
            expected: .sourcePrefixes([prefix("10.1.0.0/24"), prefix("fd44::/64")])),
        DetectorRow("automatic: else none", .automatic, podCIDRs: [], expected: .none),
        DetectorRow("cluster CIDR: every one", .clusterCIDR,
            clusterCIDRs: ["10.245.0.0/16", "10.244.0.0/16", "10.244.0.0/16"], podCIDRs: ["10.1.0.0/24"],
            expected: .sourcePrefixes([prefix("10.244.0.0/16"), prefix("10.245.0.0/16")])),
        DetectorRow("cluster CIDR: none given", .clusterCIDR, podCIDRs: ["10.1.0.0/24"], expected: .none),
        DetectorRow("node CIDR", .nodeCIDR, clusterCIDRs: ["10.244.0.0/16"], podCIDRs: ["10.1.0.0/24"],
            expected: .sourcePrefixes([prefix("10.1.0.0/24")])),
        DetectorRow("node CIDR: unknown Node", .nodeCIDR, clusterCIDRs: ["10.244.0.0/16"], expected: .none),
        DetectorRow("bridge", .bridgeInterface("cbr0"), expected: .interface("cbr0")),
        DetectorRow("interface prefix", .interfaceNamePrefix("veth"), expected: .interfacePrefix("veth")),
    ])
    func detector(_ row: DetectorRow) {
        var cluster = Cluster(
            PolicyOptions(
                nodeName: "node-a", localDetection: row.mode, clusterCIDRs: row.clusterCIDRs.map { prefix($0) }))
        cluster.set(.node(.make("node-b", podCIDRs: ["10.99.0.0/24"])))
        if let podCIDRs = row.podCIDRs { cluster.set(.node(.make("node-a", podCIDRs: podCIDRs))) }
        #expect(cluster.policy.table.node.localDetector == row.expected)
    }

    static func withWeb(_ options: PolicyOptions = .onNodeA) -> Cluster {
        var cluster = Cluster(options)
        cluster.set(
            .node(.make("node-a", zone: "zone-1")), .service(.nodePort("web")),
            .service(.nodePort("plain", 30081, clusterIP: "10.96.0.2")),
            .endpointSlice(.make("web-1", service: "web", endpoints: [
                .make("10.0.0.1", node: "node-b", hintZones: ["zone-1"]),
                .make("10.0.0.2", node: "node-b", hintZones: ["zone-2"])])))
        return cluster
    }

    @Test("another zone decides every Service anew and names those that differ")
    func zoneChange() {
        var cluster = Self.withWeb()
        #expect(cluster.port("web")?.cluster == ["10.0.0.1:80"])
        #expect(cluster.set(.node(.make("node-a", zone: "zone-2"))).changed == [portKey("web")])
        #expect(cluster.port("web")?.cluster == ["10.0.0.2:80"])
        #expect(cluster.set(.node(.make("node-b", zone: "zone-1"))).isEmpty, "another node's zone")
        cluster.delete(.node, "node-a")
        #expect(cluster.port("web")?.cluster.sorted() == ["10.0.0.1:80", "10.0.0.2:80"])
    }

    @Test("podCIDRs that become known let ClusterIPs be masqueraded, family by family")
    func detectorAppears() {
        var cluster = Self.withWeb(PolicyOptions(nodeName: "node-a", localDetection: .nodeCIDR))
        cluster.set(
            .service(.make("web", clusterIPs: ["10.96.0.1", "fd96::1"])),
            .endpointSlice(.make("web-6", service: "web", endpoints: [.make("fd00::1")])))
        let outside = { (cluster: Cluster, family: IPFamily) in
            cluster.port("web", "", .tcp, family)?.frontend(.clusterIP)?.verdicts.outside.text
        }
        #expect(outside(cluster, .ipv4) == "ALL" && outside(cluster, .ipv6) == "ALL")
        let change = cluster.set(.node(.make("node-a", zone: "zone-1", podCIDRs: ["10.244.1.0/24"])))
        #expect(change.nodeChanged && change.changed == [portKey("web")])
        #expect(outside(cluster, .ipv4) == "ALL M" && outside(cluster, .ipv6) == "ALL")
        cluster.set(.node(.make("node-a", zone: "zone-1", podCIDRs: ["10.244.1.0/24", "fd44::/64"])))
        #expect(outside(cluster, .ipv6) == "ALL M")
        cluster.set(.node(.make("node-a", zone: "zone-1", podCIDRs: ["fd44::/64"])))
        #expect(outside(cluster, .ipv4) == "ALL" && outside(cluster, .ipv6) == "ALL M")
    }

    @Test("other podCIDRs change the node alone")
    func otherPodCIDRs() {
        var cluster = Self.withWeb(PolicyOptions(nodeName: "node-a", localDetection: .nodeCIDR))
        cluster.set(.node(.make("node-a", zone: "zone-1", podCIDRs: ["10.244.1.0/24"])))
        let change = cluster.set(.node(.make("node-a", zone: "zone-1", podCIDRs: ["10.244.2.0/24"])))
        #expect(change.nodeChanged && change.changed.isEmpty)
    }

    @Test("the host's addresses change the node alone, and only when they matter")
    func hostAddresses() {
        var cluster = Self.withWeb()
        cluster.hostAddresses = [ip("192.0.2.11"), ip("192.0.2.10")]
        let change = cluster.apply([])
        #expect(change.nodeChanged && change.changed.isEmpty)
        #expect(change.new.node.nodePortAddresses == [ip("192.0.2.10"), ip("192.0.2.11")])
        cluster.hostAddresses.reverse()
        #expect(cluster.apply([]).isEmpty)
        cluster.set(.node(.make("node-a", zone: "zone-1", internalIPs: ["192.0.2.1"])))
        cluster.hostAddresses = []
        #expect(cluster.apply([]).isEmpty)
    }

    @Test("Service ranges: the operator's and every ServiceCIDR's, each once")
    func serviceRanges() {
        var options = PolicyOptions.onNodeA
        options.serviceRanges = [prefix("10.96.0.0/12")]
        var cluster = Cluster(options)
        cluster.set(
            .serviceCIDR(.make("a", cidrs: ["fd96::/108", "10.96.0.0/12"])), .serviceCIDR(.make("b", cidrs: ["10.50.0.0/16", "fd96::/108"])))
        #expect(cluster.policy.table.node.serviceRanges.map(\.description) == ["10.50.0.0/16", "10.96.0.0/12", "fd96::/108"])
        #expect(cluster.delete(.serviceCIDR, "a").isEmpty, "all of its ranges are named elsewhere")
        cluster.delete(.serviceCIDR, "b")
        #expect(cluster.policy.table.node.serviceRanges == [prefix("10.96.0.0/12")])
    }
}
