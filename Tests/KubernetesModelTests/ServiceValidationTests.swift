import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import Testing

/// One row: what is wrong with an otherwise valid object, and the faults it must bring.
struct Row<Object: Sendable>: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout Object) -> Void
    let faults: [String]

    init(_ name: String, _ faults: String..., change: @escaping @Sendable (inout Object) -> Void) {
        testDescription = name
        self.change = change
        self.faults = faults
    }

    /// Faults are compared by their beginnings: the long phrases are written out once.
    func check(_ object: Object, _ validate: (Object) -> [ValidationFault]) {
        var object = object
        change(&object)
        let found = validate(object).map(\.description).sorted()
        let matches = found.count == faults.count && zip(found, faults.sorted()).allSatisfy { $0.hasPrefix($1) }
        #expect(matches, "\(testDescription): found \(found), expected \(faults)")
    }
}

@Suite struct ServiceValidationTests {
    static let rows: [Row<Service>] = [
        Row("valid as it is") { _ in },
        Row("no name", "metadata.name: Required value") { $0.metadata.name = "" },
        Row(
            "name in upper case",
            #"metadata.name: Invalid value: "Web": a lowercase RFC 1123 label must consist of lower case"#
        ) { $0.metadata.name = "Web" },
        Row("name may begin with a digit, as of 1.34") { $0.metadata.name = "9web" },
        Row("name of 63") { $0.metadata.name = String(repeating: "a", count: 63) },
        Row("name of 64", #"metadata.name: Invalid value: "aaaaaaaa"#) {
            $0.metadata.name = String(repeating: "a", count: 64)
        },
        Row("name with a dot", #"metadata.name: Invalid value: "a.b": a lowercase RFC 1123 label"#) {
            $0.metadata.name = "a.b"
        },
        Row("name that ends in a hyphen", #"metadata.name: Invalid value: "a-""#) { $0.metadata.name = "a-" },
        Row("bad namespace", #"metadata.namespace: Invalid value: "a_b""#) { $0.metadata.namespace = "a_b" },
        Row("label key without name", #"metadata.labels[example.com/]: Invalid value: "example.com/": name part must be non-empty"#) {
            $0.metadata.labels["example.com/"] = ""
        },
        Row("label key with a bad prefix", #"metadata.labels[Example.com/a]: Invalid value: "Example.com/a": prefix part a lowercase RFC 1123 subdomain"#) {
            $0.metadata.labels["Example.com/a"] = ""
        },
        Row("label value of 64", #"metadata.labels.a: Invalid value: "bbbbb"#) {
            $0.metadata.labels["a"] = String(repeating: "b", count: 64)
        },
        Row("label value with a space", #"metadata.labels.a: Invalid value: "b c": a valid label must be"#) {
            $0.metadata.labels["a"] = "b c"
        },
        Row("annotation key", "metadata.annotations[a b]: Invalid value") { $0.metadata.annotations["a b"] = "" },
        Row("Fairway's own annotations") {
            $0.metadata.annotations = [
                "fairway.dev/scheduler": "wrr", "fairway.dev/session-affinity-scope": "port",
                "fairway.dev/no-local-endpoints": "drop", "fairway.dev/proxy-protocol": "v2",
                "fairway.dev/keep-client-address": "false",
            ]
        },
        Row(
            "values of Fairway's own annotations",
            #"metadata.annotations[fairway.dev/scheduler]: Unsupported value: "fastest": supported values: "dh", "lc", "mh", "nq", "random", "rr", "sed", "sh", "twos", "wlc", "wrr""#,
            #"metadata.annotations[fairway.dev/session-affinity-scope]: Unsupported value: "Service": supported values: "port", "service""#,
            #"metadata.annotations[fairway.dev/no-local-endpoints]: Unsupported value: "": supported values: "drop", "reject""#,
            #"metadata.annotations[fairway.dev/proxy-protocol]: Unsupported value: "2": supported values: "v1", "v2""#,
            #"metadata.annotations[fairway.dev/keep-client-address]: Unsupported value: "yes": supported values: "false", "true""#
        ) {
            $0.metadata.annotations = [
                "fairway.dev/scheduler": "fastest", "fairway.dev/session-affinity-scope": "Service",
                "fairway.dev/no-local-endpoints": "", "fairway.dev/proxy-protocol": "2",
                "fairway.dev/keep-client-address": "yes",
            ]
        },
        Row(
            "an unknown annotation of Fairway's own",
            #"metadata.annotations[fairway.dev/schedular]: Unsupported value: "fairway.dev/schedular": supported values: "fairway.dev/keep-client-address", "fairway.dev/no-local-endpoints", "fairway.dev/proxy-protocol", "fairway.dev/scheduler", "fairway.dev/session-affinity-scope""#
        ) { $0.metadata.annotations["fairway.dev/schedular"] = "rr" },
        Row("annotation prefix in upper case") { $0.metadata.annotations["Example.com/a"] = "" },

        Row("no ports", "spec.ports: Required value") { $0.spec.ports = [] },
        Row("a headless Service needs no ports") {
            $0.spec.clusterIPs = [.none]
            $0.spec.ports = []
        },
        Row("one port may go without name") { $0.spec.ports[0].name = "" },
        Row("several ports need names", "spec.ports[0].name: Required value", "spec.ports[1].name: Required value") {
            $0.spec.ports = [ServicePortSpec(port: 80), ServicePortSpec(port: 81)]
        },
        Row("port names are unique", #"spec.ports[1].name: Duplicate value: "http""#) {
            $0.spec.ports.append(ServicePortSpec(name: "http", port: 81))
        },
        Row("port names are DNS labels", #"spec.ports[0].name: Invalid value: "Http""#) { $0.spec.ports[0].name = "Http" },
        Row("a port name may be longer than 15") { $0.spec.ports[0].name = "a-name-longer-than-fifteen" },
        Row("port and protocol are unique", #"spec.ports[1]: Duplicate value: "80/TCP""#) {
            $0.spec.ports.append(ServicePortSpec(name: "other", port: 80))
        },
        Row("the same port of another protocol") {
            $0.spec.ports.append(ServicePortSpec(name: "other", protocol: .udp, port: 80))
        },
        Row("a target port's name of 16", #"spec.ports[0].targetPort: Invalid value: "abcdefghijklmnop": must be no more than 15"#) {
            $0.spec.ports[0].targetPort = .name("abcdefghijklmnop")
        },
        Row("a target port in quotes", #"spec.ports[0].targetPort: Invalid value: "8080": must contain at least one letter"#) {
            $0.spec.ports[0].targetPort = .name("8080")
        },
        Row("a target port with --", #"spec.ports[0].targetPort: Invalid value: "a--b": must not contain consecutive hyphens"#) {
            $0.spec.ports[0].targetPort = .name("a--b")
        },
        Row("a target port with - first", #"spec.ports[0].targetPort: Invalid value: "-b": must not begin or end"#) {
            $0.spec.ports[0].targetPort = .name("-b")
        },
        Row("a target port in upper case", #"spec.ports[0].targetPort: Invalid value: "Http": must contain only"#) {
            $0.spec.ports[0].targetPort = .name("Http")
        },
        Row("appProtocol", #"spec.ports[0].appProtocol: Invalid value: "a b""#) { $0.spec.ports[0].appProtocol = "a b" },
        Row("node ports need a type that has them", "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'") {
            $0.spec.ports[0].nodePort = 30080
        },
        Row("node ports are unique for a protocol", #"spec.ports[1].nodePort: Duplicate value: "30080/TCP""#) {
            $0.spec.type = .nodePort
            $0.spec.ports = [
                ServicePortSpec(name: "a", port: 80, nodePort: 30080),
                ServicePortSpec(name: "b", port: 81, nodePort: 30080),
                ServicePortSpec(name: "c", protocol: .udp, port: 81, nodePort: 30080),
            ]
        },
        Row("the kubelet's port", "spec.ports[0].port: Invalid value: 10250: may not expose port 10250") {
            $0.spec.type = .loadBalancer
            $0.spec.ports[0].port = 10250
        },

        Row("selector", #"spec.selector[a b]: Invalid value: "a b""#, #"spec.selector.c: Invalid value: "d/e""#) {
            $0.spec.selector = ["a b": "x", "c": "d/e"]
        },
        Row("affinity timeout of 0", "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be between 1 and 86400") {
            $0.spec.sessionAffinity = .clientIP
            $0.spec.sessionAffinityTimeoutSeconds = 0
        },
        Row("affinity timeout of 86400") {
            $0.spec.sessionAffinity = .clientIP
            $0.spec.sessionAffinityTimeoutSeconds = 86400
        },
        Row("affinity timeout of 86401", "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401") {
            $0.spec.sessionAffinity = .clientIP
            $0.spec.sessionAffinityTimeoutSeconds = 86401
        },
        Row("trafficDistribution", #"spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameNode", "PreferSameZone""#) {
            $0.spec.trafficDistribution = "Near"
        },

        Row("three addresses", #"spec.clusterIPs: Invalid value: "10.96.0.1, fd00::1, 10.96.0.2": may only hold up to 2 values"#) {
            $0.spec.clusterIPs = ["10.96.0.1", "fd00::1", "10.96.0.2"].map { .address(ip($0)) }
        },
        Row("two addresses of one family", #"spec.clusterIPs[1]: Invalid value: "10.96.0.2": may specify no more than one IP for each IP family"#) {
            $0.spec.clusterIPs = ["10.96.0.1", "10.96.0.2"].map { .address(ip($0)) }
            $0.spec.ipFamilies = []
        },
        Row("None beside an address", #"spec.clusterIPs[1]: Invalid value: "None""#) {
            $0.spec.clusterIPs = [.address(ip("10.96.0.1")), .none]
        },
        Row("an address of the other family", #"spec.clusterIPs[0]: Invalid value: "10.96.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`"#) {
            $0.spec.ipFamilies = [.ipv6]
        },
        Row("a family twice", #"spec.ipFamilies[1]: Duplicate value: "IPv4""#) { $0.spec.ipFamilies = [.ipv4, .ipv4] },
        Row("two families, single stack", "spec.ipFamilyPolicy: Invalid value: \"SingleStack\"") {
            $0.spec.ipFamilies = [.ipv4, .ipv6]
            $0.spec.ipFamilyPolicy = .singleStack
        },
        Row("a headless NodePort", #"spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services"#) {
            $0.spec.type = .nodePort
            $0.spec.clusterIPs = [.none]
        },

        Row("ExternalName") {
            $0.spec = ServiceSpec(type: .externalName, externalName: "db.example.com.")
        },
        Row("ExternalName without name", "spec.externalName: Required value") {
            $0.spec = ServiceSpec(type: .externalName)
        },
        Row("ExternalName that is no name", #"spec.externalName: Invalid value: "a_b""#) {
            $0.spec = ServiceSpec(type: .externalName, externalName: "a_b")
        },
        Row("ExternalName with an address", "spec.clusterIPs: Forbidden", "spec.ipFamilies: Forbidden", "spec.ipFamilyPolicy: Forbidden") {
            $0.spec.type = .externalName
            $0.spec.externalName = "a"
            $0.spec.ipFamilyPolicy = .singleStack
        },

        Row("external addresses", #"spec.externalIPs[0]: Invalid value: "0.0.0.0": may not be unspecified"#,
            #"spec.externalIPs[1]: Invalid value: "127.0.0.1": may not be in the loopback range"#,
            #"spec.externalIPs[2]: Invalid value: "fe80::1": may not be in the link-local range"#,
            #"spec.externalIPs[3]: Invalid value: "224.0.0.1": may not be in the multicast range"#) {
            $0.spec.externalIPs = ["0.0.0.0", "127.0.0.1", "fe80::1", "224.0.0.1", "192.0.2.1"].map { ip($0) }
        },
        Row("external policy of what nobody outside reaches", #"spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services"#) {
            $0.spec.externalTrafficPolicy = .local
        },
        Row("external policy with external addresses") {
            $0.spec.externalTrafficPolicy = .local
            $0.spec.externalIPs = [ip("192.0.2.1")]
        },
        Row("health check port without local policy", "spec.healthCheckNodePort: Invalid value: 32000: may only be set when") {
            $0.spec.type = .loadBalancer
            $0.spec.healthCheckNodePort = 32000
        },
        Row("health check port") {
            $0.spec.type = .loadBalancer
            $0.spec.externalTrafficPolicy = .local
            $0.spec.healthCheckNodePort = 32000
        },
        Row("load-balancer fields of another type",
            "spec.loadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
            "spec.loadBalancerClass: Forbidden", "spec.allocateLoadBalancerNodePorts: Forbidden") {
            $0.spec.loadBalancerSourceRanges = [prefix("10.0.0.0/8")]
            $0.spec.loadBalancerClass = "a"
            $0.spec.allocateLoadBalancerNodePorts = false
        },
        Row("load-balancer class", #"spec.loadBalancerClass: Invalid value: "a b""#) {
            $0.spec.type = .loadBalancer
            $0.spec.loadBalancerClass = "a b"
        },
    ]

    @Test("what the API server refuses is a fault at its field", arguments: rows)
    func rules(row: Row<Service>) {
        let service = Service.make(
            "web", clusterIPs: ["10.96.0.1"], ports: [ServicePortSpec(name: "http", port: 80)])
        row.check(service) { $0.validate() }
    }
}
