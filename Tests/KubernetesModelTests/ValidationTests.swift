import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import Testing

@Suite struct ValidationTests {
    static let sliceRows: [Row<EndpointSlice>] = [
        Row("valid as it is") { _ in },
        Row("a slice's name may have dots") { $0.metadata.name = "web.example.com" },
        Row("name", #"metadata.name: Invalid value: "a..b": a lowercase RFC 1123 subdomain"#) { $0.metadata.name = "a..b" },
        Row("name of 254", "metadata.name: Invalid value") { $0.metadata.name = String(repeating: "a", count: 254) },
        Row("1001 endpoints", "endpoints: Too many: 1001: must have at most 1000 items") {
            $0.endpoints = Array(repeating: .make("10.0.0.1"), count: 1001)
        },
        Row("1000 endpoints") { $0.endpoints = Array(repeating: .make("10.0.0.1"), count: 1000) },
        Row("20001 ports", "ports: Too many: 20001: must have at most 20000 items") {
            $0.ports = (0...20_000).map { EndpointPort(name: "p\($0)", port: 80) }
        },
        Row("no address", "endpoints[0].addresses: Required value: must contain at least 1 address") {
            $0.endpoints[0].addresses = []
        },
        Row("101 addresses", "endpoints[0].addresses: Too many: 101: must have at most 100 items") {
            $0.endpoints[0].addresses = Array(repeating: ip("10.0.0.1"), count: 101)
        },
        Row("an address of the other family", #"endpoints[1].addresses[0]: Invalid value: "fd00::1": must be an IPv4 address"#) {
            $0.endpoints.append(.make("fd00::1"))
        },
        Row("an address nobody can send to", #"endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range"#) {
            $0.endpoints[0].addresses = [ip("127.0.0.1")]
        },
        Row("hostname", #"endpoints[0].hostname: Invalid value: "a.b""#) { $0.endpoints[0].hostname = "a.b" },
        Row("node name", #"endpoints[0].nodeName: Invalid value: "A""#) { $0.endpoints[0].nodeName = "A" },
        Row("hints", "endpoints[0].hints.forZones: Too many: 9", #"endpoints[0].hints.forNodes[1].name: Duplicate value: "n""#) {
            $0.endpoints[0].hintZones = (0..<9).map { "z\($0)" }
            $0.endpoints[0].hintNodes = ["n", "n"]
        },
        Row("port names are unique", #"ports[1].name: Duplicate value: """#) { $0.ports.append($0.ports[0]) },
        Row("port name", #"ports[0].name: Invalid value: "a_b""#) { $0.ports[0].name = "a_b" },
        Row("appProtocol", #"ports[0].appProtocol: Invalid value: "a b""#) { $0.ports[0].appProtocol = "a b" },
    ]

    @Test("slices", arguments: sliceRows)
    func slices(row: Row<EndpointSlice>) {
        row.check(.make("web-1", service: "web", endpoints: [.make("10.0.0.1")])) { $0.validate() }
    }

    static let endpointsRows: [Row<Endpoints>] = [
        Row("valid as it is") { _ in },
        Row("empty subset", "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`") {
            $0.subsets[0].addresses = []
        },
        Row("addresses", #"subsets[0].addresses[0].ip: Invalid value: "169.254.1.1": may not be in the link-local range"#,
            #"subsets[0].notReadyAddresses[0].ip: Invalid value: "::": may not be unspecified"#) {
            $0.subsets[0].addresses[0].ip = ip("169.254.1.1")
            $0.subsets[0].notReadyAddresses = [.init(ip: ip("::"))]
        },
        Row("hostname", #"subsets[0].addresses[0].hostname: Invalid value: "A""#) {
            $0.subsets[0].addresses[0].hostname = "A"
        },
        Row("node name", #"subsets[0].addresses[0].nodeName: Invalid value: "-""#) {
            $0.subsets[0].addresses[0].nodeName = "-"
        },
        Row("several ports need names", "subsets[0].ports[0].name: Required value") {
            $0.subsets[0].ports.append(.init(name: "b", port: 81))
        },
        Row("port name", #"subsets[0].ports[0].name: Invalid value: "a.b""#) { $0.subsets[0].ports[0].name = "a.b" },
        Row("appProtocol", #"subsets[0].ports[0].appProtocol: Invalid value: "/""#) {
            $0.subsets[0].ports[0].appProtocol = "/"
        },
    ]

    @Test("Endpoints", arguments: endpointsRows)
    func endpoints(row: Row<Endpoints>) {
        row.check(.make("web", addresses: ["192.0.2.1"])) { $0.validate() }
    }

    static let podRows: [Row<Pod>] = [
        Row("valid as it is") { _ in },
        Row("greatest and least weight") { $0.metadata.annotations["fairway.dev/weight"] = "65535" },
        Row("weight 0") { $0.metadata.annotations["fairway.dev/weight"] = "0" },
        Row(
            "weight out of range",
            #"metadata.annotations[fairway.dev/weight]: Invalid value: "65536": must be between 0 and 65535, inclusive"#
        ) { $0.metadata.annotations["fairway.dev/weight"] = "65536" },
        Row("weight that is no number", #"metadata.annotations[fairway.dev/weight]: Invalid value: "+1": must be"#) {
            $0.metadata.annotations["fairway.dev/weight"] = "+1"
        },
        Row("dual stack") { $0.podIPs = [ip("10.0.0.1"), ip("fd00::1")] },
        Row("two addresses of a family", #"status.podIPs[1]: Invalid value: "10.0.0.2": may specify no more than one IP"#) {
            $0.podIPs = [ip("10.0.0.1"), ip("10.0.0.2")]
        },
        Row("names", "spec.nodeName: Invalid", "spec.hostname: Invalid", "spec.subdomain: Invalid") {
            ($0.nodeName, $0.hostname, $0.subdomain) = ("a/b", "a.b", "-")
        },
        Row("container port name", #"spec.containers: Invalid value: "a_b": must contain only"#) {
            $0.containerPorts = [ContainerPort(name: "a_b", containerPort: 80), ContainerPort(containerPort: 80)]
        },
    ]

    @Test("Pods", arguments: podRows)
    func pods(row: Row<Pod>) {
        row.check(.make("web-1", ip: "10.0.0.1")) { $0.validate() }
    }

    static let clusterRows: [Row<KubernetesObject>] = [
        Row("Node") { $0 = .node(.make("a.example.com", podCIDRs: ["10.244.0.0/24", "fd00::/64"])) },
        Row("Node with two blocks of a family", #"spec.podCIDRs[1]: Invalid value: "10.245.0.0/24""#) {
            $0 = .node(.make("a", podCIDRs: ["10.244.0.0/24", "10.245.0.0/24"]))
        },
        Row("Node with a namespace", "metadata.namespace: Forbidden: not allowed on this type") {
            $0 = .node(Node(metadata: ObjectMeta(name: "a", namespace: "default")))
        },
        Row("Namespace with a dot", #"metadata.name: Invalid value: "a.b""#) { $0 = .namespace(.make("a.b")) },
        Row("ServiceCIDR") { $0 = .serviceCIDR(.make("kubernetes", cidrs: ["10.96.0.0/16", "fd00::/112"])) },
        Row("ServiceCIDR without blocks", "spec.cidrs: Required value") { $0 = .serviceCIDR(.make("a", cidrs: [])) },
        Row("ServiceCIDR with two of a family", #"spec.cidrs[1]: Invalid value: "10.97.0.0/16""#) {
            $0 = .serviceCIDR(.make("a", cidrs: ["10.96.0.0/16", "10.97.0.0/16"]))
        },
        Row("a namespaced object without namespace", "metadata.namespace: Required value") {
            $0 = .pod(Pod(metadata: ObjectMeta(name: "a")))
        },
    ]

    @Test("cluster-scoped kinds, and objects of any kind", arguments: clusterRows)
    func cluster(row: Row<KubernetesObject>) {
        row.check(.namespace(.make("x"))) { $0.validate() }
    }

    @Test(
        "paths print as the API server's",
        arguments: [
            (FieldPath(), ""), (FieldPath("spec"), "spec"),
            (FieldPath("spec", "ports").appending(1).appending("nodePort"), "spec.ports[1].nodePort"),
            (FieldPath("metadata", "labels").appending("example.com/a"), "metadata.labels[example.com/a]"),
            (FieldPath("a").appending(""), "a[]"), (FieldPath().appending(0).appending("a"), "[0].a"),
        ])
    func paths(path: FieldPath, expected: String) {
        #expect(path.description == expected)
    }

    @Test("a value shown in a message is one line and bounded")
    func shownValue() {
        let service = Service.make("a\n\u{1}" + String(repeating: "x", count: 100_000))
        let message = service.validate().first?.message ?? ""
        #expect(message.hasPrefix(#"Invalid value: "a\n\x01xxx"#))
        #expect(message.utf8.count < 1000)
    }
}
