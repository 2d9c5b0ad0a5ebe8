import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ServicePolicy
import ServiceTable
import Testing

/// Verdicts by flow, policy and local detector, and what happens without endpoints.
@Suite struct VerdictTests {
    enum Endpoints: Sendable {
        case none, hereAndThere, there, here, notReady, drainingThere

        var list: [Endpoint] {
            let here = Endpoint.make("10.244.1.1", node: "node-a")
            let there = Endpoint.make("10.244.2.1", node: "node-b")
            return switch self {
            case .none: []
            case .hereAndThere: [here, there]
            case .there: [there]
            case .here: [here]
            case .notReady:
                [.make("10.244.1.1", ready: false, node: "node-a"), .make("10.244.2.1", ready: false, terminating: true)]
            case .drainingThere:
                [.make("10.244.2.1", ready: false, serving: true, terminating: true, node: "node-b")]
            }
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var external: TrafficPolicy = .cluster
        var `internal`: TrafficPolicy = .cluster
        var endpoints: Endpoints = .hereAndThere
        var detector = true
        var masqueradeAll = false
        /// From a pod, from the node, from outside. A pod is never told without a detector: nil.
        let clusterIP: [String?]
        let nodePort: [String?]

        init(
            _ name: String, external: TrafficPolicy = .cluster, internal: TrafficPolicy = .cluster,
            _ endpoints: Endpoints = .hereAndThere, detector: Bool = true, masqueradeAll: Bool = false,
            clusterIP: [String?], nodePort: [String?]
        ) {
            testDescription = name
            (self.external, self.internal, self.endpoints) = (external, `internal`, endpoints)
            (self.detector, self.masqueradeAll) = (detector, masqueradeAll)
            (self.clusterIP, self.nodePort) = (clusterIP, nodePort)
        }
    }

    static let rows: [Row] = [
        Row("default", clusterIP: ["ALL", "ALL M", "ALL M"], nodePort: ["ALL M", "ALL M", "ALL M"]),
        Row("external Local", external: .local,
            clusterIP: ["ALL", "ALL M", "ALL M"], nodePort: ["ALL", "ALL M", "LOC"]),
        Row("internal Local", internal: .local,
            clusterIP: ["LOC", "LOC M", "LOC M"], nodePort: ["ALL M", "ALL M", "ALL M"]),
        Row("both Local", external: .local, internal: .local,
            clusterIP: ["LOC", "LOC M", "LOC M"], nodePort: ["ALL", "ALL M", "LOC"]),

        Row("no detector: ClusterIPs are never masqueraded", detector: false,
            clusterIP: [nil, "ALL", "ALL"], nodePort: [nil, "ALL M", "ALL M"]),
        Row("no detector, external Local: pods are outside", external: .local, detector: false,
            clusterIP: [nil, "ALL", "ALL"], nodePort: [nil, "ALL M", "LOC"]),
        Row("no detector, internal Local", internal: .local, detector: false,
            clusterIP: [nil, "LOC", "LOC"], nodePort: [nil, "ALL M", "ALL M"]),

        Row("masquerade-all: pods to ClusterIPs too", masqueradeAll: true,
            clusterIP: ["ALL M", "ALL M", "ALL M"], nodePort: ["ALL M", "ALL M", "ALL M"]),
        Row("masquerade-all, external Local: NodePorts as ever", external: .local, masqueradeAll: true,
            clusterIP: ["ALL M", "ALL M", "ALL M"], nodePort: ["ALL", "ALL M", "LOC"]),
        Row("masquerade-all, internal Local", internal: .local, masqueradeAll: true,
            clusterIP: ["LOC M", "LOC M", "LOC M"], nodePort: ["ALL M", "ALL M", "ALL M"]),
        Row("masquerade-all without detector", detector: false, masqueradeAll: true,
            clusterIP: ["ALL M", "ALL M", "ALL M"], nodePort: [nil, "ALL M", "ALL M"]),

        Row("no endpoints: refused", .none,
            clusterIP: ["REJECT", "REJECT", "REJECT"], nodePort: ["REJECT", "REJECT", "REJECT"]),
        Row("no endpoints, both Local: refused", external: .local, internal: .local, .none,
            clusterIP: ["REJECT", "REJECT", "REJECT"], nodePort: ["REJECT", "REJECT", "REJECT"]),
        Row("none ready, none serving while terminating: refused", external: .local, internal: .local, .notReady,
            clusterIP: ["REJECT", "REJECT", "REJECT"], nodePort: ["REJECT", "REJECT", "REJECT"]),
        Row("internal Local, none here: ClusterIP dropped", internal: .local, .there,
            clusterIP: ["DROP", "DROP", "DROP"], nodePort: ["ALL M", "ALL M", "ALL M"]),
        Row("external Local, none here: outside dropped, pods and the node short-circuit", external: .local, .there,
            clusterIP: ["ALL", "ALL M", "ALL M"], nodePort: ["ALL", "ALL M", "DROP"]),
        Row("both Local, none here", external: .local, internal: .local, .there,
            clusterIP: ["DROP", "DROP", "DROP"], nodePort: ["ALL", "ALL M", "DROP"]),
        Row("both Local, terminating elsewhere counts as some endpoint", external: .local, internal: .local,
            .drainingThere, clusterIP: ["DROP", "DROP", "DROP"], nodePort: ["ALL", "ALL M", "DROP"]),
        Row("terminating only: still served", .drainingThere,
            clusterIP: ["ALL", "ALL M", "ALL M"], nodePort: ["ALL M", "ALL M", "ALL M"]),
    ]

    @Test(arguments: rows)
    func verdicts(_ row: Row) throws {
        var options = PolicyOptions.onNodeA
        if !row.detector { options.clusterCIDRs = [] }
        options.masqueradeAll = row.masqueradeAll
        var cluster = Cluster(options)
        cluster.set(
            .service(.nodePort("web", external: row.external, internal: row.internal)),
            .endpointSlice(.make("web-1", service: "web", endpoints: row.endpoints.list)))
        let port = try #require(cluster.port("web"))
        for (kind, expected) in [(Frontend.Kind.clusterIP, row.clusterIP), (.nodePort, row.nodePort)] {
            let verdicts = try #require(port.frontend(kind)).verdicts
            if let pod = expected[0] { #expect(verdicts.pod.text == pod, "pod to \(kind)") }
            #expect(verdicts.node.text == expected[1], "node to \(kind)")
            #expect(verdicts.outside.text == expected[2], "outside to \(kind)")
        }
        // A verdict that balances has somebody to balance to, and no set is kept that nobody uses.
        let texts = (row.clusterIP + row.nodePort).compactMap(\.self)
        #expect(port.cluster.isEmpty == !texts.contains { $0.hasPrefix("ALL") })
        #expect(port.local.isEmpty == !texts.contains { $0.hasPrefix("LOC") })
    }

    @Test("internal Local without NodePort keeps no cluster-wide set, external Local without NodePort is ignored")
    func onlyUsedSets() throws {
        var cluster = Cluster()
        let slice = { (name: String) in
            KubernetesObject.endpointSlice(.make("\(name)-1", service: name, endpoints: Endpoints.hereAndThere.list))
        }
        cluster.set(
            .service(.make("internal", clusterIPs: ["10.96.0.1"]) { $0.spec.internalTrafficPolicy = .local }),
            .service(.make("external", clusterIPs: ["10.96.0.2"]) { $0.spec.externalTrafficPolicy = .local }),
            slice("internal"), slice("external"))
        #expect(cluster.port("internal")?.cluster == [])
        #expect(cluster.port("internal")?.local == ["10.244.1.1:80 here"])
        #expect(cluster.port("external")?.cluster == ["10.244.1.1:80 here", "10.244.2.1:80"])
        #expect(cluster.port("external")?.local == [])
    }

    @Test("a family without pod prefixes has no detector: its ClusterIPs are not masqueraded")
    func detectorOfEachFamily() throws {
        var options = PolicyOptions.onNodeA
        options.clusterCIDRs = [prefix("10.244.0.0/16")]
        var cluster = Cluster(options)
        cluster.set(
            .service(.make("web", clusterIPs: ["10.96.0.1", "fd96::1"])),
            .endpointSlice(.make("web-4", service: "web", endpoints: [.make("10.244.1.1")])),
            .endpointSlice(.make("web-6", service: "web", endpoints: [.make("fd44::1")])))
        let v4 = try #require(cluster.port("web", "", .tcp, .ipv4)?.frontend(.clusterIP)).verdicts
        let v6 = try #require(cluster.port("web", "", .tcp, .ipv6)?.frontend(.clusterIP)).verdicts
        #expect([v4.node.text, v4.outside.text] == ["ALL M", "ALL M"])
        #expect([v6.node.text, v6.outside.text] == ["ALL", "ALL"])
    }

    @Test("interface detectors tell pods in both families", arguments: [
        PolicyOptions.LocalDetection.bridgeInterface("cbr0"), .interfaceNamePrefix("veth"),
    ])
    func interfaceDetectors(mode: PolicyOptions.LocalDetection) throws {
        var cluster = Cluster(PolicyOptions(nodeName: "node-a", localDetection: mode))
        cluster.set(
            .service(.make("web", clusterIPs: ["10.96.0.1", "fd96::1"])),
            .endpointSlice(.make("web-4", service: "web", endpoints: [.make("10.244.1.1")])),
            .endpointSlice(.make("web-6", service: "web", endpoints: [.make("fd44::1")])))
        for family in IPFamily.allCases {
            #expect(cluster.port("web", "", .tcp, family)?.frontend(.clusterIP)?.verdicts.outside.text == "ALL M")
        }
    }
}
