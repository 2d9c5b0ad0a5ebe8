import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ServicePolicy
import ServiceTable
import Testing

/// Which endpoints are used (reference 1.3), seen through a Service that uses both sets.
@Suite struct EndpointSelectionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let endpoints: [Endpoint]
        let zone: String?
        let cluster: [String]
        let local: [String]
        init(_ name: String, _ endpoints: [Endpoint], zone: String? = "zone-1", cluster: [String], local: [String]) {
            testDescription = name
            (self.endpoints, self.zone, self.cluster, self.local) = (endpoints, zone, cluster, local)
        }
    }

    static func draining(_ address: String, node: String) -> Endpoint {
        .make(address, ready: false, serving: true, terminating: true, node: node)
    }

    static let (a, b) = ("node-a", "node-b")
    static let conditions: [Row] = [
        Row("unsaid conditions mean ready", [Endpoint(addresses: [ip("10.0.0.1")], nodeName: a)],
            cluster: ["10.0.0.1:80 here"], local: ["10.0.0.1:80 here"]),
        Row("unsaid serving of one that terminates means serving",
            [Endpoint(addresses: [ip("10.0.0.1")], ready: false, terminating: true, nodeName: b)],
            cluster: ["10.0.0.1:80 draining"], local: []),
        Row("not ready is not used", [.make("10.0.0.1", node: b), .make("10.0.0.2", ready: false, node: b)],
            cluster: ["10.0.0.1:80"], local: []),
        Row("not ready but serving, not terminating, is not used",
            [.make("10.0.0.1", ready: false, serving: true, node: a)], cluster: [], local: []),
        Row("terminating and not serving is never used",
            [.make("10.0.0.1", ready: false, serving: false, terminating: true, node: a)], cluster: [], local: []),
        Row("terminating is not used beside ready", [.make("10.0.0.1", node: a), draining("10.0.0.2", node: a)],
            cluster: ["10.0.0.1:80 here"], local: ["10.0.0.1:80 here"]),
        Row("all terminating: both fall back", [draining("10.0.0.1", node: a), draining("10.0.0.2", node: b)],
            cluster: ["10.0.0.1:80 here draining", "10.0.0.2:80 draining"], local: ["10.0.0.1:80 here draining"]),
        Row("only the local set falls back", [draining("10.0.0.1", node: a), .make("10.0.0.2", node: b)],
            cluster: ["10.0.0.2:80"], local: ["10.0.0.1:80 here draining"]),
        Row("an endpoint of no known node may be here, but is not in the local set", [.make("10.0.0.1")],
            cluster: ["10.0.0.1:80 here"], local: []),
        Row("only the first address counts",
            [Endpoint(addresses: [ip("10.0.0.1"), ip("10.0.0.2")], nodeName: b)], cluster: ["10.0.0.1:80"], local: []),
        Row("an endpoint without address is skipped", [Endpoint(addresses: []), .make("10.0.0.2", node: b)],
            cluster: ["10.0.0.2:80"], local: []),
        Row("an address of the other family is skipped", [.make("10.0.0.1", node: b), .make("fd00::1", node: b)],
            cluster: ["10.0.0.1:80"], local: []),
        Row("sorted by address", [.make("10.0.0.10", node: b), .make("10.0.0.9", node: b)],
            cluster: ["10.0.0.9:80", "10.0.0.10:80"], local: []),
    ]

    static let topology: [Row] = [
        Row("zone hints", [.make("10.0.0.1", node: b, hintZones: ["zone-1"]), .make("10.0.0.2", hintZones: ["zone-2"])],
            cluster: ["10.0.0.1:80"], local: []),
        Row("any of several zones", [
            .make("10.0.0.1", node: b, hintZones: ["zone-2", "zone-1"]), .make("10.0.0.2", hintZones: ["zone-2"])],
            cluster: ["10.0.0.1:80"], local: []),
        Row("one ready endpoint without zone hint disables",
            [.make("10.0.0.1", node: b, hintZones: ["zone-1"]), .make("10.0.0.2", node: b)],
            cluster: ["10.0.0.1:80", "10.0.0.2:80"], local: []),
        Row("no endpoint for this zone: all", [.make("10.0.0.1", node: b, hintZones: ["zone-2"])],
            cluster: ["10.0.0.1:80"], local: []),
        Row("a node without zone: all", [
            .make("10.0.0.1", node: b, hintZones: ["zone-1"]), .make("10.0.0.2", node: b, hintZones: ["zone-2"])],
            zone: nil, cluster: ["10.0.0.1:80", "10.0.0.2:80"], local: []),
        Row("an empty zone label is no zone", [
            .make("10.0.0.1", node: b, hintZones: [""]), .make("10.0.0.2", node: b, hintZones: ["zone-2"])],
            zone: "", cluster: ["10.0.0.1:80", "10.0.0.2:80"], local: []),
        Row("node hints beat zone hints", [
            .make("10.0.0.1", node: b, hintZones: ["zone-1"], hintNodes: [b]),
            .make("10.0.0.2", node: a, hintZones: ["zone-1"], hintNodes: [a])],
            cluster: ["10.0.0.2:80 here"], local: ["10.0.0.2:80 here"]),
        Row("node hints need no zone", [
            .make("10.0.0.1", node: b, hintNodes: [b]), .make("10.0.0.2", node: b, hintNodes: [a])],
            zone: nil, cluster: ["10.0.0.2:80"], local: []),
        Row("one ready endpoint without node hint: zones decide", [
            .make("10.0.0.1", node: a, hintZones: ["zone-1"], hintNodes: [a]),
            .make("10.0.0.2", node: b, hintZones: ["zone-1"]), .make("10.0.0.3", node: b, hintZones: ["zone-2"])],
            cluster: ["10.0.0.1:80 here", "10.0.0.2:80"], local: ["10.0.0.1:80 here"]),
        Row("no node hint for this node: zones decide", [
            .make("10.0.0.1", node: b, hintZones: ["zone-1"], hintNodes: [b]),
            .make("10.0.0.2", node: b, hintZones: ["zone-2"], hintNodes: [b])],
            cluster: ["10.0.0.1:80"], local: []),
        Row("hints of not-ready endpoints do not matter", [
            .make("10.0.0.1", node: b, hintZones: ["zone-1"]), .make("10.0.0.2", node: b, hintZones: ["zone-2"]),
            .make("10.0.0.3", ready: false, node: b)], cluster: ["10.0.0.1:80"], local: []),
        Row("terminating endpoints are not filtered", [
            .make("10.0.0.1", ready: false, serving: true, terminating: true, node: b, hintZones: ["zone-2"])],
            cluster: ["10.0.0.1:80 draining"], local: []),
        Row("the local set is not filtered", [
            .make("10.0.0.1", node: a, hintZones: ["zone-2"]), .make("10.0.0.2", node: b, hintZones: ["zone-1"])],
            cluster: ["10.0.0.2:80"], local: ["10.0.0.1:80 here"]),
    ]

    @Test(arguments: conditions + topology)
    func selection(_ row: Row) throws {
        var cluster = Cluster()
        cluster.set(
            .node(.make("node-a", zone: row.zone)), .service(.nodePort("web", external: .local)),
            .endpointSlice(.make("web-1", service: "web", addressType: .ipv4, endpoints: row.endpoints)))
        let port = try #require(cluster.port("web"))
        #expect(port.cluster == row.cluster)
        #expect(port.local == row.local)
    }

    @Test("slices that do not count", arguments: [
        ("another address family", EndpointSlice.make("x", service: "web", addressType: .ipv6, endpoints: [.make("10.0.0.9")])),
        ("FQDN", .make("x", service: "web", addressType: .fqdn, endpoints: [.make("10.0.0.9")])),
        ("headless label", .make("x", service: "web", endpoints: [.make("10.0.0.9")], labels: [LabelKey.headless: ""])),
        ("no Service", .make("x", service: nil, endpoints: [.make("10.0.0.9")])),
        ("another Service", .make("x", service: "other", endpoints: [.make("10.0.0.9")])),
        ("another namespace", .make("x", namespace: "shop", service: "web", endpoints: [.make("10.0.0.9")])),
        ("another port name", .make("x", service: "web", ports: [.init(name: "http", port: 80)], endpoints: [.make("10.0.0.9")])),
        ("another protocol", .make("x", service: "web", ports: [.init(name: "", protocol: .udp, port: 80)], endpoints: [.make("10.0.0.9")])),
        ("a port without number", .make("x", service: "web", ports: [.init(name: "", port: nil)], endpoints: [.make("10.0.0.9")])),
        ("a port without name", .make("x", service: "web", ports: [.init(name: nil, port: 80)], endpoints: [.make("10.0.0.9")])),
        ("no port", .make("x", service: "web", ports: [], endpoints: [.make("10.0.0.9")])),
    ])
    func ignoredSlices(name: String, slice: EndpointSlice) {
        var cluster = Cluster()
        cluster.set(
            .service(.nodePort("web")), .endpointSlice(slice),
            .endpointSlice(.make("web-1", service: "web", endpoints: [.make("10.0.0.1", node: "node-b")])))
        #expect(cluster.port("web")?.cluster == ["10.0.0.1:80"], "\(name)")
    }

    @Test("several slices are one set, each with its own number for the named port")
    func mergedSlices() {
        var cluster = Cluster()
        cluster.set(
            .service(.make("web", clusterIPs: ["10.96.0.1"], ports: [
                ServicePortSpec(name: "http", port: 80, targetPort: .name("web")), ServicePortSpec(name: "admin", port: 81)])),
            .endpointSlice(.make("web-1", service: "web", ports: [.init(name: "http", port: 8080)], endpoints: [
                .make("10.0.0.3", node: "node-b"), .make("10.0.0.1", node: "node-b")])),
            .endpointSlice(.make("web-2", service: "web", ports: [
                .init(name: "http", port: 9090), .init(name: "admin", port: 9091)], endpoints: [
                .make("10.0.0.2", node: "node-b"), .make("10.0.0.1", node: "node-b")])))
        #expect(cluster.port("web", "http")?.cluster == [
            "10.0.0.1:8080", "10.0.0.1:9090", "10.0.0.2:9090", "10.0.0.3:8080"])
        #expect(cluster.port("web", "admin")?.cluster == ["10.0.0.1:9091", "10.0.0.2:9091"])
        cluster.delete(.endpointSlice, "web-2")
        #expect(cluster.port("web", "http")?.cluster.sorted() == ["10.0.0.1:8080", "10.0.0.3:8080"])
        #expect(cluster.port("web", "admin")?.cluster == [])
    }

    @Test("one place in two slices, terminating in one: the other counts", arguments: [true, false])
    func placeTwice(terminatingFirst: Bool) {
        let dying = Self.draining("10.0.0.1", node: "node-b")
        let alive = Endpoint.make("10.0.0.1", node: "node-b")
        var cluster = Cluster()
        cluster.set(
            .service(.nodePort("web")),
            .endpointSlice(.make("web-1", service: "web", endpoints: [terminatingFirst ? dying : alive])),
            .endpointSlice(.make("web-2", service: "web", endpoints: [terminatingFirst ? alive : dying])))
        #expect(cluster.port("web")?.cluster == ["10.0.0.1:80"])
        #expect(cluster.port("web")?.frontend(.nodePort)?.verdicts.outside.text == "ALL M")
    }
}
