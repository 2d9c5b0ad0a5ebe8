import ClusterZone
import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import RandomTesting

/// Random objects that names are made of: those of ``RandomCluster`` in a few namespaces, with hostnames and external
/// names, and pods and namespaces.
struct RandomZone {
    private var cluster: RandomCluster

    init(seed: UInt64) { cluster = RandomCluster(seed: seed) }

    private static let namespaces = ["default", "default", "shop", "x"]
    private static let long = String(repeating: "x", count: 63)

    mutating func settings() -> ZoneSettings {
        var result = ZoneSettings(domain: ClusterZoneTests.cluster)
        result.podNames = cluster.random.pick(ZoneSettings.PodNames.allCases + [.verified])
        result.requiresNamespaceObjects = cluster.random.oneIn(2)
        if cluster.random.oneIn(3) { result.namespaces = ["default", "x"] }
        if cluster.random.oneIn(3) { result.labels = LabelSelector(matchLabels: ["dns": "yes"]) }
        if cluster.random.oneIn(2) { result.serverService = ObjectKey(namespace: "default", name: "s0") }
        if cluster.random.oneIn(2) { result.serverAddresses = [ip("192.0.2.1")] }
        return result
    }

    mutating func events() -> [StoreEvent] {
        (0..<cluster.random.number(1...5)).map { _ in
            let object = object()
            return cluster.random.oneIn(4) ? .delete(object.reference) : .set(object)
        }
    }

    mutating func order<Element>(_ elements: [Element]) -> [Element] { elements.shuffled(using: &cluster.random) }

    private mutating func object() -> KubernetesObject {
        switch cluster.random.number(0...9) {
        case 0: .namespace(.make(cluster.random.pick(Self.namespaces)))
        case 1...2: .pod(pod())
        default: varied(cluster.object())
        }
    }

    private mutating func pod() -> Pod {
        let addresses = [[], ["10.244.0.1"], ["10.244.0.2"], ["192.0.2.1"], ["10.244.0.1", "fd44::1"]]
        return .make(
            "p\(cluster.random.number(0...3))", namespace: cluster.random.pick(Self.namespaces),
            ips: cluster.random.pick(addresses), terminating: cluster.random.oneIn(5),
            phase: cluster.random.pick([.running, .running, .pending, .succeeded, .unknown]))
    }

    private mutating func varied(_ object: KubernetesObject) -> KubernetesObject {
        switch object {
        case .service(var service):
            service.metadata.namespace = cluster.random.pick(Self.namespaces)
            if !cluster.random.oneIn(3) { service.metadata.labels["dns"] = "yes" }
            if service.spec.type == .externalName {
                service.spec.externalName = cluster.random.pick(["x.org", "y.org.", "192.0.2.7", "", "2001:db8::7"])
            }
            if cluster.random.oneIn(4), !service.spec.ports.isEmpty {
                service.spec.ports[0].name = cluster.random.pick(["", Self.long, "HTTP"])
            }
            return .service(service)
        case .endpointSlice(var slice):
            slice.metadata.namespace = cluster.random.pick(Self.namespaces)
            for index in slice.endpoints.indices where cluster.random.oneIn(3) {
                slice.endpoints[index].hostname = cluster.random.pick(["a", "A", "b", "", "10-244-0-1", Self.long + "x"])
            }
            if cluster.random.oneIn(5) { slice.ports = [] }
            return .endpointSlice(slice)
        default:
            return object
        }
    }
}
