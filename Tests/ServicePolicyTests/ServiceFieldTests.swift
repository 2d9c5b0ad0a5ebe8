import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import ServicePolicy
import ServiceTable
import Testing

/// What each field of a Service does (reference 1.2), as far as ClusterIPs and NodePorts go.
@Suite struct ServiceFieldTests {
    static let slice = EndpointSlice.make(
        "web-1", service: "web", ports: [.init(name: "", port: 8080)], endpoints: [.make("10.0.0.1", node: "node-b")])

    @Test("Services that this proxy ignores", arguments: [
        ("ExternalName, even with an address", Service.make("web", type: .externalName, clusterIPs: ["10.96.0.1"])),
        ("headless", .make("web", clusterIPs: ["None"])),
        ("no address yet", .make("web")),
        ("another proxy's", .make("web", clusterIPs: ["10.96.0.1"], labels: [LabelKey.serviceProxyName: "other"])),
        ("another proxy's, unnamed", .make("web", clusterIPs: ["10.96.0.1"], labels: [LabelKey.serviceProxyName: ""])),
        ("no ports", .make("web", clusterIPs: ["10.96.0.1"], ports: [])),
    ])
    func ignored(name: String, ignored: Service) {
        var cluster = Cluster()
        #expect(cluster.set(.service(ignored), .endpointSlice(Self.slice)).changed.isEmpty, "\(name)")
        #expect(cluster.set(.service(.nodePort("web"))).changed == [portKey("web")], "\(name): comes into being")
        #expect(cluster.port("web")?.cluster == ["10.0.0.1:8080"], "\(name)")
        #expect(cluster.set(.service(ignored)).changed == [portKey("web")], "\(name): vanishes")
        #expect(cluster.ports.isEmpty, "\(name)")
    }

    @Test("a NodePort belongs to any type that names one, and to none that does not", arguments: [
        (ServiceType.clusterIP, PortNumber?.none), (.clusterIP, 30080), (.nodePort, nil), (.nodePort, 30080),
        (.loadBalancer, nil), (.loadBalancer, 30080),
    ])
    func nodePort(type: ServiceType, number: PortNumber?) {
        var cluster = Cluster()
        cluster.set(
            .service(.make("web", type: type, clusterIPs: ["10.96.0.1"], ports: [.init(port: 80, nodePort: number)])))
        #expect(cluster.port("web")?.frontendTexts
            == ["10.96.0.1:80/tcp"] + (number == nil ? [] : ["nodeport 30080/tcp IPv4"]))
    }

    @Test("the proxy does not read targetPort, appProtocol, publishNotReadyAddresses, trafficDistribution")
    func unreadFields() {
        var cluster = Cluster()
        cluster.set(.service(.nodePort("web")), .endpointSlice(Self.slice))
        var service = Service.nodePort("web")
        service.spec.ports[0].targetPort = .number(9999)
        service.spec.ports[0].appProtocol = "kubernetes.io/h2c"
        service.spec.publishNotReadyAddresses = true
        service.spec.trafficDistribution = "PreferSameZone"
        service.metadata.annotations[AnnotationKey.topologyMode] = "Auto"
        #expect(cluster.set(.service(service)).isEmpty)
    }

    @Test("what a Service asks of a relay is in each of its service ports, in whatever spelling it is known", arguments: [
        (nil, nil, RelayPreferences()), ("v1", nil, RelayPreferences(proxyProtocol: .v1)),
        ("v2", "true", RelayPreferences(proxyProtocol: .v2, keepsClientAddress: true)),
        ("v3", "false", RelayPreferences()), (nil, "true", RelayPreferences(keepsClientAddress: true)),
    ] as [(String?, String?, RelayPreferences)])
    func relay(version: String?, keeps: String?, expected: RelayPreferences) throws {
        var cluster = Cluster()
        var service = Service.nodePort("web")
        service.metadata.annotations[AnnotationKey.proxyProtocol] = version
        service.metadata.annotations[AnnotationKey.keepClientAddress] = keeps
        cluster.set(.service(service), .endpointSlice(Self.slice))
        let port = try #require(cluster.port("web"))
        #expect(port.relay == expected)
        #expect(port.with(frontends: []).relay == expected)
    }

    @Test("one number for several protocols is several service ports")
    func protocols() {
        var cluster = Cluster()
        cluster.set(
            .service(.make("dns", clusterIPs: ["10.96.0.10"], ports: [
                .init(name: "dns", protocol: .udp, port: 53, nodePort: 30053),
                .init(name: "dns-tcp", protocol: .tcp, port: 53, nodePort: 30053),
                .init(name: "dns-sctp", protocol: .sctp, port: 53)])),
            .endpointSlice(.make("dns-1", service: "dns", ports: [.init(name: "dns", protocol: .udp, port: 5353)],
                endpoints: [.make("10.0.0.1", node: "node-b")])))
        #expect(cluster.ports == [
            "default/dns:dns/udp IPv4", "default/dns:dns-sctp/sctp IPv4", "default/dns:dns-tcp/tcp IPv4"])
        #expect(cluster.port("dns", "dns", .udp)?.frontendTexts == ["10.96.0.10:53/udp", "nodeport 30053/udp IPv4"])
        #expect(cluster.port("dns", "dns", .udp)?.cluster == ["10.0.0.1:5353"])
        #expect(cluster.port("dns", "dns-tcp")?.frontend(.nodePort)?.verdicts == OriginVerdicts(all: .reject))
        #expect(cluster.conflicts.isEmpty)
    }

    @Test("dual stack: each family has its address, its slices and the NodePort", arguments: [
        ["10.96.0.1", "fd96::1"], ["fd96::1", "10.96.0.1"],
    ])
    func dualStack(addresses: [String]) {
        var cluster = Cluster()
        cluster.set(
            .service(.make("web", type: .nodePort, clusterIPs: addresses, ports: [.init(port: 80, nodePort: 30080)])),
            .endpointSlice(.make("web-4", service: "web", endpoints: [.make("10.0.0.1", node: "node-b")])),
            .endpointSlice(.make("web-6", service: "web", endpoints: [.make("fd00::1", node: "node-b")])))
        #expect(cluster.ports == ["default/web/tcp IPv4", "default/web/tcp IPv6"])
        #expect(cluster.port("web")?.frontendTexts == ["10.96.0.1:80/tcp", "nodeport 30080/tcp IPv4"])
        #expect(cluster.port("web")?.cluster == ["10.0.0.1:80"])
        #expect(cluster.port("web", "", .tcp, .ipv6)?.frontendTexts == ["[fd96::1]:80/tcp", "nodeport 30080/tcp IPv6"])
        #expect(cluster.port("web", "", .tcp, .ipv6)?.cluster == ["[fd00::1]:80"])
        let change = cluster.set(.service(.nodePort("web")))
        #expect(change.changed == [portKey("web", "", .tcp, .ipv6)], "only the second family goes")
    }

    @Test("a legacy object without ipFamilies goes by the family of its address")
    func legacy() {
        var cluster = Cluster()
        cluster.set(.service(.make("web", clusterIPs: ["fd96::1"]) { $0.spec.ipFamilies = [] }))
        #expect(cluster.ports == ["default/web/tcp IPv6"])
    }

    // MARK: Changes

    struct Step: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let ports: [ServicePortSpec]
        let changed: [ServicePortKey]
        let frontends: [String]
        init(_ name: String, _ port: ServicePortSpec, changed: [ServicePortKey], frontends: [String]) {
            (testDescription, ports, self.changed, self.frontends) = (name, [port], changed, frontends)
        }
    }

    @Test(arguments: [
        Step("renamed: another identity at the same address", .init(name: "new", port: 80),
            changed: [portKey("web", "new"), portKey("web", "old")], frontends: ["10.96.0.1:80/tcp"]),
        Step("renumbered: the same identity", .init(name: "old", port: 81),
            changed: [portKey("web", "old")], frontends: ["10.96.0.1:81/tcp"]),
        Step("another protocol: another identity", .init(name: "old", protocol: .udp, port: 80),
            changed: [portKey("web", "old"), portKey("web", "old", .udp)], frontends: ["10.96.0.1:80/udp"]),
        Step("gets a NodePort", .init(name: "old", port: 80, nodePort: 30080),
            changed: [portKey("web", "old")], frontends: ["10.96.0.1:80/tcp", "nodeport 30080/tcp IPv4"]),
        Step("another targetPort: nothing", .init(name: "old", port: 80, targetPort: .name("x")),
            changed: [], frontends: ["10.96.0.1:80/tcp"]),
    ])
    func portChanges(_ step: Step) {
        var cluster = Cluster()
        cluster.set(.service(.make("web", clusterIPs: ["10.96.0.1"], ports: [.init(name: "old", port: 80)])))
        let change = cluster.set(.service(.make("web", clusterIPs: ["10.96.0.1"], ports: step.ports)))
        #expect(change.changed == step.changed)
        #expect(cluster.policy.table.values.flatMap(\.frontendTexts) == step.frontends)
        #expect(cluster.conflicts.isEmpty)
    }

    @Test("types change both ways: NodePorts come and go, the ClusterIP stays")
    func typeChanges() {
        var cluster = Cluster()
        let plain = Service.make("web", clusterIPs: ["10.96.0.1"])
        cluster.set(.service(plain), .endpointSlice(Self.slice))
        cluster.set(.service(.nodePort("web")))
        #expect(cluster.port("web")?.frontends.map(\.kind) == [.clusterIP, .nodePort])
        cluster.set(.service(plain))
        #expect(cluster.port("web")?.frontends.map(\.kind) == [.clusterIP])
    }

    @Test("a Service deleted and made again, in one batch or two", arguments: [true, false])
    func madeAgain(oneBatch: Bool) {
        var cluster = Cluster()
        let old = Service.nodePort("web", created: 1)
        var new = Service.nodePort("web", 30081, clusterIP: "10.96.0.2", created: 2)
        new.metadata.uid = "another"
        cluster.set(.service(old), .endpointSlice(Self.slice))
        let delete = StoreEvent.delete(KubernetesObject.service(old).reference)
        if oneBatch {
            #expect(cluster.apply([delete, .set(.service(new))]).changed == [portKey("web")])
        } else {
            #expect(cluster.apply([delete]).changed == [portKey("web")])
            #expect(cluster.ports.isEmpty)
            #expect(cluster.set(.service(new)).changed == [portKey("web")])
        }
        #expect(cluster.port("web")?.frontendTexts == ["10.96.0.2:80/tcp", "nodeport 30081/tcp IPv4"])
        #expect(cluster.port("web")?.cluster == ["10.0.0.1:8080"])
    }

    @Test("slices before their Service, and a slice that moves to another Service")
    func sliceOrder() {
        var cluster = Cluster()
        #expect(cluster.set(.endpointSlice(Self.slice)).changed.isEmpty)
        cluster.set(.service(.nodePort("web")), .service(.nodePort("db", 30081, clusterIP: "10.96.0.2")))
        #expect(cluster.port("web")?.cluster == ["10.0.0.1:8080"])
        var moved = Self.slice
        moved.metadata.labels[LabelKey.serviceName] = "db"
        #expect(cluster.set(.endpointSlice(moved)).changed == [portKey("db"), portKey("web")])
        #expect(cluster.port("web")?.cluster == [])
        #expect(cluster.port("db")?.cluster == ["10.0.0.1:8080"])
    }

    @Test("a backend that stays keeps its index through changes of its slice")
    func stableOrder() {
        var cluster = Cluster()
        let slice = { (hosts: [Int]) in
            KubernetesObject.endpointSlice(
                .make("web-1", service: "web", endpoints: hosts.map { .make("10.0.0.\($0)", node: "node-b") }))
        }
        cluster.set(.service(.nodePort("web")), slice([2, 3, 4]))
        cluster.set(slice([1, 2, 3, 4]))
        #expect(cluster.port("web")?.cluster == ["10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80", "10.0.0.1:80"])
        cluster.set(slice([1, 3, 4]))
        #expect(cluster.port("web")?.cluster == ["10.0.0.1:80", "10.0.0.3:80", "10.0.0.4:80"])
    }
}
