import ClusterZone
import DNSWire
import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import Testing

@Suite struct FixedNameTests {
    static let key = ObjectKey(namespace: "kube-system", name: "kube-dns")
    static let dns = Service.make("kube-dns", namespace: "kube-system", clusterIPs: ["10.96.0.10", "fd96::a"], ports: [])

    static let addresses: [([String], [String])] = [
        ([], ["@ -", "ns.dns -"]),
        (["127.0.0.1", "::1", "0.0.0.0"], ["@ -", "ns.dns -"]),
        (
            ["192.0.2.2", "127.0.0.1", "2001:db8::2", "192.0.2.1"],
            [
                "@ NS ns.dns (192.0.2.1 192.0.2.2 2001:db8::2)", "ns.dns A 192.0.2.1", "ns.dns A 192.0.2.2",
                "ns.dns AAAA 2001:db8::2",
            ]
        ),
        (["169.254.20.10"], ["@ NS ns.dns (169.254.20.10)", "ns.dns A 169.254.20.10"]),
    ]

    @Test("an empty zone has its fixed names, with the addresses that others can reach", arguments: addresses)
    func fixed(addresses: [String], expected: [String]) {
        let zone = ZoneUnderTest(settings { $0.serverAddresses = addresses.map { ip($0) } }, objects: [])
        let rest = ["dns -", "dns-version TXT 28800 \"1.1.0\"", "pod -", "svc -"]
        #expect(zone.table.lines() == (expected + rest).sorted())
    }

    @Test("NS names the server's Service while that has addresses")
    func serverService() {
        var zone = ZoneUnderTest(
            settings {
                $0.serverService = Self.key
                $0.serverAddresses = [ip("192.0.2.1")]
            }, objects: [])
        func ns() -> [String] { zone.table.lines().filter { $0.hasPrefix("@") } }
        #expect(ns() == ["@ NS ns.dns (192.0.2.1)"])
        zone.apply([.set(.service(Self.dns))])
        #expect(ns() == ["@ NS kube-dns.kube-system.svc (10.96.0.10 fd96::a)"])
        let change = zone.apply([.set(slice("other", of: "web", endpoint("10.0.0.1")))])
        #expect(!change.nodes.contains { $0.name == cluster })
        zone.apply([.set(.service(.make("kube-dns", namespace: "kube-system", ports: [])))])
        #expect(ns() == ["@ NS ns.dns (192.0.2.1)"])
        zone.apply([.set(.service(Self.dns))])
        zone.apply([.delete(KubernetesObject.service(Self.dns).reference)])
        #expect(ns() == ["@ NS ns.dns (192.0.2.1)"])
    }

    @Test("a domain in upper case and one without room for anything")
    func domains() {
        guard let upper = DomainName("Cluster.LOCAL"),
            let long = DomainName(labels: [63, 63, 63, 60].map { [UInt8](repeating: 120, count: $0) })
        else {
            Issue.record("no names")
            return
        }
        let names = ZoneUnderTest(ZoneSettings(domain: upper), objects: [service("web", "10.96.0.1")]).table.nodes.keys
        #expect(names.allSatisfy { $0.wire == $0.lowercased.wire })
        #expect(names.contains(cluster))
        let zone = ZoneUnderTest(ZoneSettings(domain: long), objects: [service("web", "10.96.0.1")])
        #expect(zone.table.lines(in: long) == ["@ -"])
    }
}
