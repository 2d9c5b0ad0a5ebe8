import ClusterZone
import DNSWire
import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import Testing

@Suite struct ServiceNameTests {
    static func check(_ test: ZoneCase) {
        let zone = ZoneUnderTest(objects: test.objects)
        let lines = zone.lines.filter { !ZoneUnderTest.namespaceLines.contains($0) }
        #expect(lines == test.expected.sorted())
        #expect(zone.builder.omittedNames == test.omitted)
        // And it all goes again.
        var gone = zone
        gone.apply(test.objects.map { .delete($0.reference) })
        #expect(gone.lines == [])
        #expect(gone.builder.omittedNames == 0)
    }

    @Test("names of Services with ClusterIPs", arguments: ServiceNameCases.clusterIPs)
    func clusterIP(test: ZoneCase) { Self.check(test) }

    @Test("names of headless Services", arguments: ServiceNameCases.headless)
    func headless(test: ZoneCase) { Self.check(test) }

    @Test("names of ExternalName Services", arguments: ServiceNameCases.externals)
    func externalName(test: ZoneCase) { Self.check(test) }

    @Test("weights are 100 over the number of records, at least 1", arguments: [(1, 100), (3, 33), (6, 16), (100, 1), (250, 1)])
    func weights(targets: Int, weight: UInt16) {
        let endpoints = (0..<targets).map { endpoint("10.0.\($0 / 250).\($0 % 250 + 1)") }
        let zone = ZoneUnderTest(objects: [
            service("db", "None"),
            .endpointSlice(.make("s", service: "db", ports: [ServiceNameCases.sliceHTTP], endpoints: endpoints)),
        ])
        let name = DomainName("_http._tcp.db.default.svc.cluster.local")
        let last = name.flatMap { zone.table.nodes[$0]?.last }
        guard case .srv(let locations, let glue) = last else {
            Issue.record("no SRV")
            return
        }
        #expect(locations.count == targets && glue.count == targets)
        #expect(Set(locations.map(\.weight)) == [weight])
    }
}
