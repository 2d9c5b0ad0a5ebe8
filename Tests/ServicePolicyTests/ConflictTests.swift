import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import ServicePolicy
import ServiceTable
import Testing

/// Two Services that claim one frontend: the oldest has it, then the first by name.
@Suite struct ConflictTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// When `a`, `b` and `c` were created.
        let created: [Int64?]
        let winner: String
        init(_ name: String, _ created: [Int64?], winner: String) {
            (testDescription, self.created, self.winner) = (name, created, winner)
        }
        var services: [Service] {
            zip(["a", "b", "c"], created).enumerated().map {
                .nodePort($1.0, clusterIP: "10.96.0.\($0 + 1)", created: $1.1)
            }
        }
    }

    static let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]

    @Test("a NodePort goes to one, in whatever order and batches they come", arguments: [
        Row("the oldest", [3, 1, 2], winner: "b"),
        Row("of equals the first by name", [2, 1, 1], winner: "b"),
        Row("an unknown age is the youngest", [nil, nil, 5], winner: "c"),
        Row("no age known", [nil, nil, nil], winner: "a"),
    ], orders)
    func winner(_ row: Row, order: [Int]) {
        for batched in [true, false] {
            var cluster = Cluster()
            let events = order.map { StoreEvent.set(.service(row.services[$0])) }
            if batched { cluster.apply(events) } else { for event in events { cluster.apply([event]) } }
            for name in ["a", "b", "c"] {
                #expect(cluster.port(name)?.frontends.map(\.kind)
                    == (name == row.winner ? [.clusterIP, .nodePort] : [.clusterIP]), "\(name)")
            }
            #expect(cluster.conflicts == ["a", "b", "c"].filter { $0 != row.winner }
                .map { "\($0) nodeport 30080/tcp IPv4: \(row.winner)" })
        }
    }

    @Test("the loser takes over when the winner lets go", arguments: [
        ("is deleted", StoreEvent.delete(ObjectReference(kind: .service, key: ObjectKey(namespace: "default", name: "a")))),
        ("renumbers", .set(.service(.nodePort("a", 30090, created: 1)))),
        ("drops its NodePort", .set(.service(.make("a", clusterIPs: ["10.96.0.1"])))),
        ("becomes ExternalName", .set(.service(.make("a", type: .externalName)))),
        ("goes to another proxy", .set(.service(.nodePort("a", created: 1).labelled(LabelKey.serviceProxyName)))),
        ("is made again, younger", .set(.service(.nodePort("a", created: 3)))),
    ])
    func takeover(name: String, event: StoreEvent) {
        var cluster = Cluster()
        cluster.set(
            .service(.nodePort("a", created: 1)), .service(.nodePort("b", clusterIP: "10.96.0.2", created: 2)))
        #expect(cluster.conflicts == ["b nodeport 30080/tcp IPv4: a"], "\(name)")
        let change = cluster.apply([event])
        #expect(change.changed == [portKey("a"), portKey("b")], "\(name)")
        #expect(cluster.port("b")?.frontends.map(\.kind) == [.clusterIP, .nodePort], "\(name)")
        #expect(!cluster.conflicts.contains { $0.hasPrefix("b ") }, "\(name)")
    }

    @Test("the loser that lets go leaves no conflict behind")
    func loserLeaves() {
        var cluster = Cluster()
        cluster.set(
            .service(.nodePort("a", created: 1)), .service(.nodePort("b", clusterIP: "10.96.0.2", created: 2)))
        #expect(cluster.delete(.service, "b").changed == [portKey("b")])
        #expect(cluster.conflicts.isEmpty)
        #expect(cluster.port("a")?.frontends.count == 2)
    }

    @Test("an older Service that comes later takes the frontend over")
    func olderComesLater() {
        var cluster = Cluster()
        cluster.set(.service(.nodePort("b", clusterIP: "10.96.0.2", created: 2)))
        #expect(cluster.set(.service(.nodePort("a", created: 1))).changed == [portKey("a"), portKey("b")])
        #expect(cluster.conflicts == ["b nodeport 30080/tcp IPv4: a"])
    }

    @Test("a ClusterIP with one port in common: that port alone is in conflict, and backends stay each one's own")
    func clusterIP() {
        var cluster = Cluster()
        let (http, dns) = (ServicePortSpec(name: "http", port: 80), ServicePortSpec(name: "dns", protocol: .udp, port: 80))
        cluster.set(
            .service(.make("a", clusterIPs: ["10.96.0.1"], ports: [http])),
            .service(.make("b", clusterIPs: ["10.96.0.1"], ports: [http, dns, .init(name: "alt", port: 81)])),
            .endpointSlice(.make("b-1", service: "b", ports: [.init(name: "http", port: 80)],
                endpoints: [.make("10.0.0.1")])))
        #expect(cluster.conflicts == ["b 10.96.0.1:80/tcp: a"])
        #expect(cluster.port("b", "http")?.frontends.isEmpty == true)
        #expect(cluster.port("b", "dns", .udp)?.frontends.count == 1)
        #expect(cluster.port("b", "alt")?.frontends.count == 1)
        #expect(cluster.port("a", "http")?.cluster == [])
        cluster.delete(.service, "a")
        #expect(cluster.port("b", "http")?.cluster == ["10.0.0.1:80 here"])
        #expect(cluster.port("b", "http")?.frontends.count == 1)
    }

    @Test("other protocol, other family, other number: no conflict")
    func apart() {
        var cluster = Cluster()
        cluster.set(
            .service(.nodePort("a")),
            .service(.make("b", type: .nodePort, clusterIPs: ["10.96.0.2"], ports: [
                .init(protocol: .udp, port: 80, nodePort: 30080)])),
            .service(.make("c", type: .nodePort, clusterIPs: ["fd96::1"], ports: [.init(port: 80, nodePort: 30080)])),
            .service(.nodePort("d", 30081, clusterIP: "10.96.0.4")))
        #expect(cluster.conflicts.isEmpty)
        #expect(cluster.policy.table.values.allSatisfy { $0.frontends.count == 2 })
    }

    @Test("nobody takes a ClusterIP away by naming it, however old", arguments: [true, false])
    func clusterIPStays(victimFirst: Bool) {
        var thief = Service.make("thief", clusterIPs: ["10.96.0.9"], ports: [.init(port: 80)])
        thief.metadata.creationTimestamp = Timestamp(seconds: 1)
        thief.spec.externalIPs = [ip("10.96.0.1")]
        thief.status.loadBalancerIngress = [LoadBalancerIngress(ip: ip("10.96.0.1"))]
        thief.spec.loadBalancerSourceRanges = [prefix("192.0.2.0/24")]
        var victim = Service.make("victim", clusterIPs: ["10.96.0.1"], ports: [.init(port: 80)])
        victim.metadata.creationTimestamp = Timestamp(seconds: 2)
        var cluster = Cluster()
        for service in victimFirst ? [victim, thief] : [thief, victim] { cluster.set(.service(service)) }
        #expect(cluster.port("victim")?.frontendTexts == ["10.96.0.1:80/tcp"])
        #expect(cluster.port("thief")?.frontendTexts == ["10.96.0.9:80/tcp"])
        #expect(cluster.conflicts == ["thief 10.96.0.1:80/tcp: victim"])
        cluster.delete(.service, "victim")
        #expect(cluster.port("thief")?.frontendTexts == ["10.96.0.9:80/tcp", "10.96.0.1:80/tcp"])
    }

    @Test("a NodePort handed on within one batch: only what differs in the end is named")
    func handedOn() {
        var cluster = Cluster()
        cluster.set(
            .service(.nodePort("a", created: 1)), .service(.nodePort("b", clusterIP: "10.96.0.2", created: 5)))
        // `a` lets go, and `c`, older than `b`, takes it: `b` is as it was.
        let change = cluster.set(
            .service(.nodePort("a", 30090, created: 1)), .service(.nodePort("c", clusterIP: "10.96.0.3", created: 2)))
        #expect(change.changed == [portKey("a"), portKey("c")])
        #expect(cluster.conflicts == ["b nodeport 30080/tcp IPv4: c"])
    }
}

extension Service {
    func labelled(_ key: String) -> Service {
        var copy = self
        copy.metadata.labels[key] = "x"
        return copy
    }
}
