import ClusterZone
import DNSWire
import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import Testing

@Suite struct ZoneStepTests {
    static let web = service("web", "10.96.0.1")
    static let db = service("db", "None")

    @Test("an endpoint that comes or goes changes its own names alone")
    func oneEndpoint() {
        var zone = ZoneUnderTest(objects: [Self.web, Self.db, slice("w", of: "web", endpoint("10.0.0.1"))])
        let change = zone.apply([.set(slice("w", of: "web", endpoint("10.0.0.1"), endpoint("10.0.0.2")))])
        #expect(change.nodes.map(\.name.description) == ["10-0-0-2.web.default.svc.cluster.local."])
        #expect(change.removed.isEmpty)
        #expect(Array(change.pointers.keys) == [ip("10.0.0.2")])
        let back = zone.apply([.set(slice("w", of: "web", endpoint("10.0.0.1")))])
        #expect(back.nodes.isEmpty)
        #expect(back.removed.map(\.description) == ["10-0-0-2.web.default.svc.cluster.local."])
        #expect(back.pointers == [ip("10.0.0.2"): []])
    }

    @Test("what changes no name changes nothing, and the serial stays")
    func nothing() {
        var zone = ZoneUnderTest(objects: [Self.web, slice("w", of: "web", endpoint("10.0.0.1"))])
        let serial = zone.builder.serial
        var moved = endpoint("10.0.0.1", ready: true)
        moved.nodeName = "node-b"
        let change = zone.apply([.set(slice("w", of: "web", moved)), .set(.node(.make("node-b")))])
        #expect(change.isEmpty)
        #expect(change.serial == serial && zone.builder.serial == serial)
        #expect(zone.apply([.delete(Self.web.reference)]).serial > serial)
    }

    @Test("the serial never goes back with the clock")
    func serial() {
        var store = ObjectStore()
        var builder = ZoneBuilder(settings: settings())
        let first = builder.update(snapshot: store.snapshot, dirty: store.apply([]), now: 500)
        let dirty = store.apply([.set(Self.web)])
        let second = builder.update(snapshot: store.snapshot, dirty: dirty, now: 400)
        #expect(first.serial == 500 && second.serial == 500)
    }

    @Test("a Service turned from one kind into another")
    func kinds() {
        var zone = ZoneUnderTest(objects: [Self.web, slice("w", of: "web", endpoint("10.0.0.1"))])
        zone.apply([.set(service("web", "None"))])
        #expect(
            zone.lines == [
                "10-0-0-1.web.default.svc A 10.0.0.1", "10.0.0.1 PTR 10-0-0-1.web.default.svc", "default.pod -",
                "default.svc -", "web.default.svc A 10.0.0.1",
            ])
        zone.apply([.set(external("web", to: "x.org"))])
        #expect(zone.lines == ["default.pod -", "default.svc -", "web.default.svc CNAME x.org."])
    }

    @Test("Services that share an endpoint's address all point back, and the last takes the pointer along")
    func sharedAddresses() {
        let address = ip("10.0.0.1")
        var zone = ZoneUnderTest(objects: [Self.web, Self.db, slice("w", of: "web", endpoint("10.0.0.1"))])
        let slices = [
            slice("d", of: "db", endpoint("10.0.0.1", "db-0"), endpoint("10.0.0.1", "alias")),
            slice("w", of: "web", endpoint("10.0.0.1")),
        ]
        func pointers(_ change: ZoneChange) -> [String]? { change.pointers[address]?.map(\.description) }
        let both = zone.apply([.set(slices[0])])
        #expect(
            pointers(both) == [
                "db-0.db.default.svc.cluster.local.", "alias.db.default.svc.cluster.local.",
                "10-0-0-1.web.default.svc.cluster.local.",
            ])
        let one = zone.apply([.delete(slices[0].reference)])
        #expect(pointers(one) == ["10-0-0-1.web.default.svc.cluster.local."])
        let moved = zone.apply([.set(slices[0]), .delete(slices[1].reference)])
        #expect(pointers(moved) == ["db-0.db.default.svc.cluster.local.", "alias.db.default.svc.cluster.local."])
        #expect(pointers(zone.apply([.delete(Self.db.reference)])) == [])
        #expect(zone.table.pointers.keys.sorted() == [ip("10.96.0.1")])
    }

    @Test("a ClusterIP that is also an endpoint points back to both names")
    func clusterIPAsEndpoint() {
        let zone = ZoneUnderTest(objects: [Self.web, Self.db, slice("d", of: "db", endpoint("10.96.0.1"))])
        #expect(zone.lines.contains("10.96.0.1 PTR web.default.svc 10-96-0-1.db.default.svc"))
    }

    @Test("one address of two texts is one pointer")
    func canonical() {
        let zone = ZoneUnderTest(objects: [
            Self.db, slice("a", of: "db", endpoint("fd00:17:0:0:0:0:0:9")), slice("b", of: "db", endpoint("fd00:17::9")),
        ])
        #expect(zone.lines.contains("fd00:17::9 PTR fd00-17--9.db.default.svc"))
    }

    @Test("in parts it is the same zone", arguments: [1, 3, 1000])
    func parts(nodes: Int) {
        var objects: [KubernetesObject] = []
        for index in 1...20 {
            objects.append(service("s\(index)", "10.96.0.\(index)"))
            objects.append(slice("s\(index)", of: "s\(index)", endpoint("10.0.0.\(index)"), endpoint("10.0.0.250")))
        }
        let whole = ZoneUnderTest(objects: objects)
        var builder = ZoneBuilder(settings: settings())
        var table = ZoneTable()
        var parts = 0
        builder.update(snapshot: whole.store.snapshot, dirty: DirtyKeys(), now: 7, nodesPerPart: nodes) { part in
            table.apply(part, isWhole: false)
            parts += 1
            #expect(part.nodes.count <= nodes + 10)
            #expect(part.serial == 7)
        }
        #expect(table == whole.table)
        #expect(nodes == 1000 ? parts == 1 : parts > 5)
    }
}
