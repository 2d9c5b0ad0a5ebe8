import ClusterZone
import DNSWire
import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import Testing

/// Objects in namespace `default`, and the lines they give.
struct ZoneCase: CustomTestStringConvertible {
    var testDescription: String
    var objects: [KubernetesObject]
    var expected: [String]
    var omitted = 0

    init(_ description: String, _ objects: [KubernetesObject], _ expected: [String], omitted: Int = 0) {
        testDescription = description
        self.objects = objects
        self.expected = expected
        self.omitted = omitted
    }
}

func endpoint(_ address: String, _ hostname: String? = nil, ready: Bool? = nil) -> Endpoint {
    Endpoint(addresses: [ip(address)], ready: ready, hostname: hostname)
}

func service(_ name: String, _ addresses: String..., ports: [ServicePortSpec] = []) -> KubernetesObject {
    .service(.make(name, clusterIPs: addresses, ports: ports))
}

func slice(
    _ name: String, of service: String?, _ endpoints: Endpoint..., ports: [EndpointPort] = []
) -> KubernetesObject {
    .endpointSlice(.make(name, service: service, ports: ports, endpoints: endpoints))
}

func external(_ name: String, to target: String, ports: [ServicePortSpec] = []) -> KubernetesObject {
    .service(.make(name, type: .externalName, ports: ports) { $0.spec.externalName = target })
}

/// What Services and their slices give.
enum ServiceNameCases {
    static let http = ServicePortSpec(name: "http", port: 80)
    static let sliceHTTP = EndpointPort(name: "http", port: 8080)
    static let long = String(repeating: "x", count: 63)

    static let clusterIPs: [ZoneCase] = [
        ZoneCase("one address", [service("web", "10.96.0.1")], ["web.default.svc A 10.96.0.1", "10.96.0.1 PTR web.default.svc"]),
        ZoneCase(
            "two families", [service("web", "fd96::1", "10.96.0.1")],
            [
                "web.default.svc A 10.96.0.1", "web.default.svc AAAA fd96::1", "10.96.0.1 PTR web.default.svc",
                "fd96::1 PTR web.default.svc",
            ]),
        ZoneCase("no address yet: the name exists", [service("web")], ["web.default.svc -"]),
        ZoneCase(
            "no address yet: the ports' names exist", [service("web", ports: [http])],
            ["web.default.svc -", "_tcp.web.default.svc -", "_http._tcp.web.default.svc -"]),
        ZoneCase(
            "a named port", [service("web", "10.96.0.1", ports: [http])],
            [
                "web.default.svc A 10.96.0.1", "web.default.svc SRV 0 100 80 web.default.svc (10.96.0.1)",
                "_tcp.web.default.svc -", "_http._tcp.web.default.svc A 10.96.0.1",
                "_http._tcp.web.default.svc SRV 0 100 80 web.default.svc (10.96.0.1)", "10.96.0.1 PTR web.default.svc",
            ]),
        ZoneCase(
            "a port without name: SRV at the bare name only", [service("web", "10.96.0.1", ports: [ServicePortSpec(port: 81)])],
            [
                "web.default.svc A 10.96.0.1", "web.default.svc SRV 0 100 81 web.default.svc (10.96.0.1)",
                "10.96.0.1 PTR web.default.svc",
            ]),
        ZoneCase(
            "two families count as one target, UDP and TCP of one port as one record at the bare name",
            [
                service(
                    "dns", "10.96.0.10", "fd96::a",
                    ports: [
                        ServicePortSpec(name: "dns", protocol: .udp, port: 53), ServicePortSpec(name: "dns-tcp", port: 53),
                        ServicePortSpec(name: "assoc", protocol: .sctp, port: 54),
                    ])
            ],
            ["_udp", "_tcp", "_sctp"].map { "\($0).dns.default.svc -" }
                + [("dns._udp", 53), ("dns-tcp._tcp", 53), ("assoc._sctp", 54)].flatMap { label, port in
                    [
                        "_\(label).dns.default.svc A 10.96.0.10", "_\(label).dns.default.svc AAAA fd96::a",
                        "_\(label).dns.default.svc SRV 0 100 \(port) dns.default.svc (10.96.0.10 fd96::a)",
                    ]
                } + [
                    "dns.default.svc A 10.96.0.10", "dns.default.svc AAAA fd96::a",
                    "dns.default.svc SRV 0 50 53 dns.default.svc (10.96.0.10 fd96::a)",
                    "dns.default.svc SRV 0 50 54 dns.default.svc (10.96.0.10 fd96::a)",
                    "10.96.0.10 PTR dns.default.svc", "fd96::a PTR dns.default.svc",
                ]),
        ZoneCase(
            "a name that begins with a digit, in any case",
            [service("1-Web", "10.96.0.1")], ["1-web.default.svc A 10.96.0.1", "10.96.0.1 PTR 1-web.default.svc"]),
        ZoneCase(
            "ready endpoints have names, with the slice's ports",
            [
                service("web", "10.96.0.1"),
                slice("s", of: "web", endpoint("10.0.0.1"), endpoint("10.0.0.2", "Db-0", ready: true),
                    endpoint("10.0.0.3", ready: false), ports: [sliceHTTP]),
            ],
            [
                "web.default.svc A 10.96.0.1", "10.96.0.1 PTR web.default.svc",
                "10-0-0-1.web.default.svc A 10.0.0.1",
                "10-0-0-1.web.default.svc SRV 0 100 8080 10-0-0-1.web.default.svc (10.0.0.1)",
                "db-0.web.default.svc A 10.0.0.2",
                "db-0.web.default.svc SRV 0 100 8080 db-0.web.default.svc (10.0.0.2)",
                "10.0.0.1 PTR 10-0-0-1.web.default.svc", "10.0.0.2 PTR db-0.web.default.svc",
            ]),
        ZoneCase(
            "a port's name of 63 bytes has no room for its underscore",
            [service("web", "10.96.0.1", ports: [ServicePortSpec(name: long, port: 80)])],
            [
                "web.default.svc A 10.96.0.1", "web.default.svc SRV 0 100 80 web.default.svc (10.96.0.1)",
                "10.96.0.1 PTR web.default.svc",
            ], omitted: 1),
        ZoneCase("a Service's name of 64 bytes", [service(long + "x", "10.96.0.1")], [], omitted: 1),
        ZoneCase("an orphan slice", [slice("s", of: "gone", endpoint("10.0.0.1"))], []),
    ]

    static let headless: [ZoneCase] = [
        ZoneCase("no endpoints: no name", [service("db", "None", ports: [http])], []),
        ZoneCase(
            "no ready endpoint: no name", [service("db", "None"), slice("s", of: "db", endpoint("10.0.0.1", ready: false))], []),
        ZoneCase(
            "ports: one record an endpoint and port, by the slice's numbers",
            [
                service("db", "None", ports: [http]),
                slice("s", of: "db", endpoint("10.0.0.2"), endpoint("10.0.0.1", "a"),
                    ports: [sliceHTTP, EndpointPort(name: "", protocol: .udp, port: 9)]),
            ],
            [
                "db.default.svc A 10.0.0.1", "db.default.svc A 10.0.0.2",
                "db.default.svc SRV 0 25 8080 10-0-0-2.db.default.svc (10.0.0.2)",
                "db.default.svc SRV 0 25 9 10-0-0-2.db.default.svc (10.0.0.2)",
                "db.default.svc SRV 0 25 8080 a.db.default.svc (10.0.0.1)",
                "db.default.svc SRV 0 25 9 a.db.default.svc (10.0.0.1)",
                "_tcp.db.default.svc -",
                "_http._tcp.db.default.svc A 10.0.0.1", "_http._tcp.db.default.svc A 10.0.0.2",
                "_http._tcp.db.default.svc SRV 0 50 8080 10-0-0-2.db.default.svc (10.0.0.2)",
                "_http._tcp.db.default.svc SRV 0 50 8080 a.db.default.svc (10.0.0.1)",
                "10-0-0-2.db.default.svc A 10.0.0.2",
                "10-0-0-2.db.default.svc SRV 0 50 8080 10-0-0-2.db.default.svc (10.0.0.2)",
                "10-0-0-2.db.default.svc SRV 0 50 9 10-0-0-2.db.default.svc (10.0.0.2)",
                "a.db.default.svc A 10.0.0.1",
                "a.db.default.svc SRV 0 50 8080 a.db.default.svc (10.0.0.1)",
                "a.db.default.svc SRV 0 50 9 a.db.default.svc (10.0.0.1)",
                "10.0.0.1 PTR a.db.default.svc", "10.0.0.2 PTR 10-0-0-2.db.default.svc",
            ]),
        ZoneCase(
            "one hostname with two addresses, in slices of two families",
            [
                service("db", "None"), slice("s4", of: "db", endpoint("10.0.0.1", "a"), endpoint("10.0.0.2", "a")),
                slice("s6", of: "db", endpoint("fd00::1", "a"), endpoint("fd00:17:8::")),
            ],
            [
                "db.default.svc A 10.0.0.1", "db.default.svc A 10.0.0.2", "db.default.svc AAAA fd00::1",
                "db.default.svc AAAA fd00:17:8::", "a.db.default.svc A 10.0.0.1", "a.db.default.svc A 10.0.0.2",
                "a.db.default.svc AAAA fd00::1", "fd00-17-8--0.db.default.svc AAAA fd00:17:8::",
                "10.0.0.1 PTR a.db.default.svc", "10.0.0.2 PTR a.db.default.svc", "fd00::1 PTR a.db.default.svc",
                "fd00:17:8:: PTR fd00-17-8--0.db.default.svc",
            ]),
        ZoneCase(
            "the same endpoint in two slices counts once; one hostname counts as one target",
            [
                service("db", "None"), slice("s1", of: "db", endpoint("10.0.0.1"), endpoint("10.0.0.2", "b"), ports: [sliceHTTP]),
                slice("s2", of: "db", endpoint("10.0.0.1"), endpoint("10.0.0.3", "b"), ports: [sliceHTTP]),
            ],
            [
                "db.default.svc A 10.0.0.1", "db.default.svc A 10.0.0.2", "db.default.svc A 10.0.0.3",
                "db.default.svc SRV 0 50 8080 10-0-0-1.db.default.svc (10.0.0.1)",
                "db.default.svc SRV 0 50 8080 b.db.default.svc (10.0.0.2 10.0.0.3)",
                "_tcp.db.default.svc -",
                "_http._tcp.db.default.svc A 10.0.0.1", "_http._tcp.db.default.svc A 10.0.0.2",
                "_http._tcp.db.default.svc A 10.0.0.3",
                "_http._tcp.db.default.svc SRV 0 50 8080 10-0-0-1.db.default.svc (10.0.0.1)",
                "_http._tcp.db.default.svc SRV 0 50 8080 b.db.default.svc (10.0.0.2 10.0.0.3)",
                "10-0-0-1.db.default.svc A 10.0.0.1",
                "10-0-0-1.db.default.svc SRV 0 100 8080 10-0-0-1.db.default.svc (10.0.0.1)",
                "b.db.default.svc A 10.0.0.2", "b.db.default.svc A 10.0.0.3",
                "b.db.default.svc SRV 0 100 8080 b.db.default.svc (10.0.0.2 10.0.0.3)",
                "10.0.0.1 PTR 10-0-0-1.db.default.svc", "10.0.0.2 PTR b.db.default.svc", "10.0.0.3 PTR b.db.default.svc",
            ]),
        ZoneCase(
            "a port without number: its name exists, without SRV",
            [
                service("db", "None"),
                slice("s", of: "db", endpoint("10.0.0.1"), ports: [EndpointPort(name: "http", port: nil)]),
            ],
            [
                "db.default.svc A 10.0.0.1", "_tcp.db.default.svc -", "_http._tcp.db.default.svc A 10.0.0.1",
                "10-0-0-1.db.default.svc A 10.0.0.1", "10.0.0.1 PTR 10-0-0-1.db.default.svc",
            ]),
        ZoneCase(
            "slices of names give nothing",
            [
                service("db", "None"),
                .endpointSlice(
                    .make("s", service: "db", addressType: .fqdn, endpoints: [Endpoint(addresses: [])])),
            ], []),
        ZoneCase(
            "an endpoint whose hostname is no label keeps its address and has no name",
            [
                service("db", "None"),
                slice("s", of: "db", endpoint("10.0.0.1", long + "x"), endpoint("10.0.0.2", "_tcp"), ports: [sliceHTTP]),
            ],
            ["db.default.svc A 10.0.0.1", "db.default.svc A 10.0.0.2"], omitted: 2),
    ]

    static let externals: [ZoneCase] = [
        ZoneCase("a name", [external("db", to: "db.Example.com")], ["db.default.svc CNAME db.Example.com."]),
        ZoneCase("a final dot", [external("db", to: "db.example.com.")], ["db.default.svc CNAME db.example.com."]),
        ZoneCase("ports and slices have no names", [external("db", to: "x.org", ports: [http]), slice("s", of: "db", endpoint("10.0.0.1"))],
            ["db.default.svc CNAME x.org."]),
        ZoneCase(
            "what looks like an address is a name", [external("db", to: "192.0.2.1")], ["db.default.svc CNAME 192.0.2.1."]),
        ZoneCase("with a final dot too", [external("db", to: "192.0.2.1.")], ["db.default.svc CNAME 192.0.2.1."]),
        ZoneCase("nothing: the name exists", [external("db", to: "")], ["db.default.svc -"], omitted: 1),
        ZoneCase("the root is no target", [external("db", to: ".")], ["db.default.svc -"], omitted: 1),
        ZoneCase("a label too long", [external("db", to: long + "x.org")], ["db.default.svc -"], omitted: 1),
    ]
}
