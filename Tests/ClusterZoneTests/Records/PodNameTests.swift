import ClusterZone
import DNSWire
import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import Testing

@Suite struct PodNameTests {
    static let pod = KubernetesObject.pod(.make("a", ip: "10.0.0.1", ips: ["fd00::1"]))

    @Test("only verified pods are told, each of their addresses", arguments: ZoneSettings.PodNames.allCases)
    func modes(mode: ZoneSettings.PodNames) {
        let zone = ZoneUnderTest(settings { $0.podNames = mode }, objects: [Self.pod])
        let pods = mode == .verified ? ["10.0.0.1 pods default", "fd00::1 pods default"] : []
        #expect(zone.lines == (ZoneUnderTest.namespaceLines + pods).sorted())
    }

    static let lives: [(Pod.Phase, Bool, Bool)] = [
        (.pending, false, true), (.running, false, true), (.running, true, false), (.succeeded, false, false),
        (.failed, false, false), (.unknown, false, false),
    ]

    @Test("live pods alone: neither done, lost nor being deleted", arguments: lives)
    func live(phase: Pod.Phase, terminating: Bool, isLive: Bool) {
        let pod = Pod.make("a", ip: "10.0.0.1", terminating: terminating, phase: phase)
        let zone = ZoneUnderTest(settings { $0.podNames = .verified }, objects: [.pod(pod)])
        #expect(zone.table.podNamespaces == (isLive ? [ip("10.0.0.1"): ["default"]] : [:]))
    }

    @Test("pods that share an address each count for their namespace until they go")
    func shared() {
        var zone = ZoneUnderTest(settings { $0.podNames = .verified })
        let pods = [("a", "default"), ("b", "default"), ("c", "shop")].map { name, namespace in
            KubernetesObject.pod(.make(name, namespace: namespace, ip: "192.0.2.1"))
        }
        zone.apply(pods.map(StoreEvent.set))
        #expect(zone.table.podNamespaces == [ip("192.0.2.1"): ["default", "shop"]])
        #expect(zone.apply([.delete(pods[0].reference)]).isEmpty)
        zone.apply([.delete(pods[1].reference)])
        #expect(zone.table.podNamespaces == [ip("192.0.2.1"): ["shop"]])
        zone.apply([.delete(pods[2].reference)])
        #expect(zone.table.podNamespaces == [:])
    }

    @Test("pods count where their namespace exists")
    func namespaces() {
        var zone = ZoneUnderTest(
            settings {
                $0.podNames = .verified
                $0.requiresNamespaceObjects = true
            }, objects: [Self.pod])
        #expect(zone.lines == [])
        zone.apply([.set(.namespace(.make("default")))])
        #expect(zone.lines.contains("10.0.0.1 pods default"))
        zone.apply([.delete(KubernetesObject.namespace(.make("default")).reference)])
        #expect(zone.lines == [])
    }
}
