import ClusterZone
import DNSWire
import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import Testing

@Suite struct NamespaceTests {
    static let web = KubernetesObject.service(.make("web", namespace: "shop", clusterIPs: ["10.96.0.1"], ports: []))
    static let shop = KubernetesObject.namespace(.make("shop"))
    static let names = ["10.96.0.1 PTR web.shop.svc", "shop.pod -", "shop.svc -", "web.shop.svc A 10.96.0.1"]

    @Test("a namespace exists by its object, whatever is in it", arguments: [false, true])
    func declared(required: Bool) {
        var zone = ZoneUnderTest(settings { $0.requiresNamespaceObjects = required })
        zone.apply([.set(Self.shop)])
        #expect(zone.lines == ["shop.pod -", "shop.svc -"])
        zone.apply([.delete(Self.shop.reference)])
        #expect(zone.lines == [])
    }

    static let inhabitants: [KubernetesObject] = [
        web, .pod(.make("p", namespace: "shop")), .endpointSlice(.make("s", namespace: "shop", service: "gone")),
        .endpoints(.make("e", namespace: "shop", addresses: ["10.0.0.1"])),
    ]

    @Test("an object in it is enough, unless namespaces must be told", arguments: inhabitants)
    func inhabited(object: KubernetesObject) {
        var zone = ZoneUnderTest(objects: [object])
        #expect(zone.lines.contains("shop.pod -") && zone.lines.contains("shop.svc -"))
        zone.apply([.delete(object.reference)])
        #expect(zone.lines == [])
        let strict = ZoneUnderTest(settings { $0.requiresNamespaceObjects = true }, objects: [object])
        #expect(strict.lines == [])
    }

    @Test("a namespace that appears brings its Services' names and one that goes takes them along")
    func flips() {
        var zone = ZoneUnderTest(settings { $0.requiresNamespaceObjects = true }, objects: [Self.web])
        #expect(zone.lines == [])
        zone.apply([.set(Self.shop)])
        #expect(zone.lines == Self.names)
        #expect(zone.apply([.set(Self.shop)]).isEmpty)
        zone.apply([.delete(Self.shop.reference)])
        #expect(zone.lines == [])
        zone.apply([.delete(Self.web.reference), .set(Self.shop)])
        #expect(zone.lines == ["shop.pod -", "shop.svc -"])
    }

    @Test("an undeclared namespace keeps its names while its object goes and things are in it")
    func undeclared() {
        var zone = ZoneUnderTest(objects: [Self.web, Self.shop])
        #expect(zone.lines == Self.names)
        #expect(zone.apply([.delete(Self.shop.reference)]).isEmpty)
    }

    @Test("namespaces that the filter leaves out do not exist, nor anything in them")
    func filter() {
        let objects = [Self.web, Self.shop, service("db", "10.96.0.2")]
        let zone = ZoneUnderTest(settings { $0.namespaces = ["shop"] }, objects: objects)
        #expect(zone.lines == Self.names)
    }

    @Test("Services are those the selector selects; labels may change")
    func labels() {
        var zone = ZoneUnderTest(settings { $0.labels = LabelSelector(matchLabels: ["dns": "yes"]) })
        let labelled = KubernetesObject.service(
            .make("web", namespace: "shop", clusterIPs: ["10.96.0.1"], ports: [], labels: ["dns": "yes"]))
        zone.apply([.set(Self.web)])
        #expect(zone.lines == ["shop.pod -", "shop.svc -"])
        zone.apply([.set(labelled)])
        #expect(zone.lines == Self.names)
        zone.apply([.set(Self.web)])
        #expect(zone.lines == ["shop.pod -", "shop.svc -"])
    }

    @Test("a namespace with a name too long is left out with all that is in it")
    func tooLong() {
        let name = String(repeating: "n", count: 64)
        var zone = ZoneUnderTest(objects: [.service(.make("web", namespace: name, clusterIPs: ["10.96.0.1"]))])
        #expect(zone.lines == [])
        #expect(zone.builder.omittedNames == 3)
        zone.apply([.reset(.service), .synced(.service)])
        #expect(zone.builder.omittedNames == 0)
    }
}
