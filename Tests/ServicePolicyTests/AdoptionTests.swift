import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ServicePolicy
import ServiceTable
import Testing

/// A restarted daemon keeps the order in which the dataplane already holds backends.
@Suite struct AdoptionTests {
    static let clusterIP = FrontendKey(family: .ipv4, destination: .address(ip("10.96.0.1")), protocol: .tcp, port: 80)
    static let nodePort = FrontendKey(family: .ipv4, destination: .nodeAddresses, protocol: .tcp, port: 30080)

    static func held(_ hosts: [Int]) -> [Backend] { hosts.map { Backend(address: ip("10.0.0.\($0)"), port: 80) } }

    static func slice(_ hosts: [Int]) -> KubernetesObject {
        .endpointSlice(.make("web-1", service: "web", endpoints: hosts.map { .make("10.0.0.\($0)", node: "node-a") }))
    }

    static func hosts(_ set: BackendSet?) -> [String]? { set?.backends.map(\.address.description) }

    @Test("the first table keeps the adopted order; flags are decided anew")
    func order() {
        var cluster = Cluster(adopting: AdoptedOrder(cluster: [Self.clusterIP: Self.held([3, 1, 2])]))
        cluster.set(.service(.nodePort("web")), Self.slice([1, 2, 3]))
        #expect(cluster.port("web")?.cluster == ["10.0.0.3:80 here", "10.0.0.1:80 here", "10.0.0.2:80 here"])
    }

    @Test("what went while the daemon was away is replaced in place")
    func replaced() {
        var cluster = Cluster(adopting: AdoptedOrder(cluster: [Self.clusterIP: Self.held([3, 1, 2])]))
        cluster.set(.service(.nodePort("web")), Self.slice([2, 3, 9]))
        #expect(Self.hosts(cluster.port("web")?.clusterBackends) == ["10.0.0.3", "10.0.0.9", "10.0.0.2"])
    }

    @Test("the set of an external policy Local, held under the NodePort, keeps its order too")
    func localSetOfNodePort() {
        var cluster = Cluster(
            adopting: AdoptedOrder(
                cluster: [Self.clusterIP: Self.held([2, 1]), Self.nodePort: Self.held([2, 1])],
                local: [Self.nodePort: Self.held([2, 1])]))
        cluster.set(.service(.nodePort("web", external: .local)), Self.slice([1, 2]))
        #expect(Self.hosts(cluster.port("web")?.clusterBackends) == ["10.0.0.2", "10.0.0.1"])
        #expect(Self.hosts(cluster.port("web")?.localBackends) == ["10.0.0.2", "10.0.0.1"])
    }

    @Test("an internal policy Local: the cluster-wide set is held under the NodePort")
    func clusterSetOfNodePort() {
        var cluster = Cluster(
            adopting: AdoptedOrder(
                cluster: [Self.nodePort: Self.held([2, 1])], local: [Self.clusterIP: Self.held([2, 1])]))
        cluster.set(.service(.nodePort("web", internal: .local)), Self.slice([1, 2]))
        #expect(Self.hosts(cluster.port("web")?.clusterBackends) == ["10.0.0.2", "10.0.0.1"])
        #expect(Self.hosts(cluster.port("web")?.localBackends) == ["10.0.0.2", "10.0.0.1"])
    }

    @Test("forgotten after the adoption: a Service that comes later begins sorted")
    func forgotten() {
        var cluster = Cluster(adopting: AdoptedOrder(cluster: [Self.clusterIP: Self.held([3, 1, 2])]))
        cluster.apply([])
        cluster.policy.finishAdoption()
        cluster.set(.service(.nodePort("web")), Self.slice([1, 2, 3]))
        #expect(Self.hosts(cluster.port("web")?.clusterBackends) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"])
    }

    @Test("the end of the adoption changes nothing that was adopted")
    func stays() {
        var cluster = Cluster(adopting: AdoptedOrder(cluster: [Self.clusterIP: Self.held([3, 1, 2])]))
        cluster.set(.service(.nodePort("web")), Self.slice([1, 2, 3]))
        cluster.policy.finishAdoption()
        #expect(cluster.set(.node(.make("node-a", zone: "zone-9"))).changed.isEmpty)
        cluster.set(Self.slice([1, 2, 3, 4]))
        #expect(Self.hosts(cluster.port("web")?.clusterBackends) == ["10.0.0.3", "10.0.0.1", "10.0.0.2", "10.0.0.4"])
    }
}
