import KubernetesModelTesting
import NetworkTypes
import RandomTesting
import ServiceTable
import Testing

@Suite struct ServiceTableTests {
    static func key(_ service: String, _ family: IPFamily = .ipv4) -> ServicePortKey {
        ServicePortKey(
            id: ServicePortID(namespace: "default", service: service, portName: "http", protocol: .tcp), family: family)
    }

    static func table(_ random: inout SplitMix64) -> ServiceTable {
        var table = ServiceTable()
        for number in 0..<20 where random.oneIn(2) {
            let key = key("s\(number)", random.oneIn(4) ? .ipv6 : .ipv4)
            let backends = (0..<random.number(0...2)).map {
                Backend(address: IPAddress(v4: UInt32(1 + $0)), port: 80, isLocal: random.oneIn(2))
            }
            table[key] = ServicePort(
                key: key, affinity: random.oneIn(3) ? Affinity(timeoutSeconds: 60) : nil,
                clusterBackends: BackendSet(backends), frontends: [])
        }
        if random.oneIn(2) { table.node.nodePortAddresses = [IPAddress(v4: UInt32(random.number(1...2)))] }
        return table
    }

    @Test("apply(difference of a and b) to a gives b; the difference names only what differs", arguments: UInt64(1)...50)
    func difference(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let (a, b) = (Self.table(&random), Self.table(&random))
        let change = b.changes(from: a)
        var result = a
        result.apply(change)
        #expect(result == b, "seed \(seed)")
        #expect(change.changed.allSatisfy { a[$0] != b[$0] }, "seed \(seed)")
        #expect(change.changed == Set(change.changed).sorted(), "seed \(seed)")
        #expect(change.nodeChanged == (a.node != b.node))
        #expect(a.changes(from: a).isEmpty)
        #expect(change.isEmpty == (a == b))
    }

    @Test("a step followed by the next is one step that leads as far, each key named once", arguments: UInt64(1)...50)
    func followed(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let tables = (0..<4).map { _ in Self.table(&random) }
        var merged = tables[1].changes(from: tables[0])
        merged = merged.followed(by: tables[2].changes(from: tables[1]))
        merged = merged.followed(by: tables[3].changes(from: tables[2]))
        var result = tables[0]
        result.apply(merged)
        #expect(result == tables[3], "seed \(seed)")
        #expect(merged.old == tables[0] && merged.new == tables[3], "seed \(seed)")
        #expect(Set(merged.changed).count == merged.changed.count, "seed \(seed)")
        #expect(merged.nodeChanged == (tables[0].node != tables[3].node), "seed \(seed)")
    }

    @Test("a copy does not see what is changed later")
    func copies() {
        var table = ServiceTable()
        table[Self.key("web")] = ServicePort(key: Self.key("web"), frontends: [])
        let copy = table
        table[Self.key("web")] = nil
        table[Self.key("db")] = ServicePort(key: Self.key("db"), frontends: [])
        table.node.localDetector = .interface("br0")
        #expect(copy.count == 1)
        #expect(copy[Self.key("web")] != nil && copy[Self.key("db")] == nil)
        #expect(copy.node == NodeTable())
        #expect(table.values.map(\.key) == [Self.key("db")])
    }

    @Test("keys sort by namespace, Service, port name, protocol, family")
    func sorting() {
        let ids: [ServicePortID] = [
            .init(namespace: "a", service: "b", portName: "", protocol: .tcp),
            .init(namespace: "a", service: "b", portName: "x", protocol: .tcp),
            .init(namespace: "a", service: "b", portName: "x", protocol: .udp),
            .init(namespace: "a", service: "c", portName: "", protocol: .tcp),
            .init(namespace: "b", service: "a", portName: "", protocol: .tcp),
        ]
        let keys = ids.flatMap { id in [IPFamily.ipv4, .ipv6].map { ServicePortKey(id: id, family: $0) } }
        #expect(keys.reversed().sorted() == keys)
    }

    @Test("keys read as people write them", arguments: [
        (Frontend.Destination.address(ip("10.96.0.10")), IPFamily.ipv4, "10.96.0.10:80/tcp"),
        (.address(ip("fd00::1")), .ipv6, "[fd00::1]:80/tcp"),
        (.nodeAddresses, .ipv4, "nodeport 80/tcp IPv4"),
    ])
    func descriptions(destination: Frontend.Destination, family: IPFamily, text: String) {
        #expect(
            FrontendKey(family: family, destination: destination, protocol: .tcp, port: 80).description == text)
        #expect(Self.key("web", family).description == "default/web:http/tcp \(family)")
    }
}

@Suite struct AdoptedOrderTests {
    static let key = ServiceTableTests.key("web")
    static let clusterIP = FrontendKey(family: .ipv4, destination: .address(ip("10.96.0.1")), protocol: .tcp, port: 80)
    static let nodePort = FrontendKey(family: .ipv4, destination: .nodeAddresses, protocol: .tcp, port: 30080)
    static let backends = [BackendSetTests.backend(2), BackendSetTests.backend(1)]

    @Test("nothing adopted, nothing stands in")
    func empty() {
        #expect(AdoptedOrder().isEmpty)
        #expect(AdoptedOrder().servicePort(Self.key, frontends: [Self.clusterIP]) == nil)
        let order = AdoptedOrder(cluster: [Self.nodePort: Self.backends])
        #expect(!order.isEmpty)
        #expect(order.servicePort(Self.key, frontends: [Self.clusterIP]) == nil)
    }

    @Test("each set is found under whichever frontend balances over it")
    func anyFrontend() {
        let order = AdoptedOrder(cluster: [Self.clusterIP: Self.backends], local: [Self.nodePort: Self.backends])
        let port = order.servicePort(Self.key, frontends: [Self.clusterIP, Self.nodePort])
        #expect(port?.clusterBackends.backends == Self.backends)
        #expect(port?.localBackends.backends == Self.backends)
        #expect(port?.frontends.isEmpty == true)
    }
}
