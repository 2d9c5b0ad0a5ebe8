import KubernetesModel
import KubernetesModelTesting
import NetworkTypes
import ObjectStore
import RandomTesting
import Testing

@testable import fairway

extension FairwayTests {
    /// Which health check ports follow from the objects and the addresses, and what is answered there.
    @Suite struct HealthCheckTableTests {
        private static let here = "node-a"

        private static func service(
            _ name: String = "web", port: UInt16 = 32000, clusterIPs: [String] = ["10.96.0.1", "fd00:10:96::1"],
            type: ServiceType = .loadBalancer, policy: TrafficPolicy = .local, labels: [String: String] = [:]
        ) -> Service {
            .make(name, type: type, clusterIPs: clusterIPs, labels: labels) {
                $0.spec.externalTrafficPolicy = policy
                $0.spec.healthCheckNodePort = port
            }
        }

        /// A store and a table that follow each other.
        private struct Follower {
            var store = ObjectStore(expecting: [])
            var table: HealthCheckTable

            init(at addresses: [String] = ["192.0.2.1", "2001:db8:2::1"], and more: [String] = []) {
                table = HealthCheckTable(node: HealthCheckTableTests.here, and: more.map { ip($0) })
                _ = table.serve(at: addresses.map { ip($0) })
            }

            mutating func set(_ objects: KubernetesObject...) -> HealthCheckTable.Step {
                apply(objects.map(StoreEvent.set))
            }

            mutating func apply(_ events: [StoreEvent]) -> HealthCheckTable.Step {
                let dirty = store.apply(events)
                let isNews = table.update(snapshot: store.snapshot, dirty: dirty)
                let step = table.step()
                #expect(isNews || step == HealthCheckTable.Step())
                return step
            }

            func count(_ family: IPFamily, _ name: String = "web") -> Int {
                let address = ip(family == .ipv4 ? "192.0.2.1" : "2001:db8:2::1")
                return table.localEndpoints(at: HealthCheckTableTests.socket(name, address, 32000))
            }
        }

        private static func socket(_ name: String, _ address: IPAddress, _ port: UInt16) -> HealthCheckSocket {
            HealthCheckSocket(service: ObjectKey(namespace: "default", name: name), address: address, port: port)
        }

        private static func sockets(_ name: String, _ port: UInt16, _ addresses: String...) -> [HealthCheckSocket] {
            addresses.map { socket(name, ip($0), port) }
        }

        @Test(arguments: [
            ("a load balancer with a Local policy", service(), 2),
            ("one family", service(clusterIPs: ["fd00:10:96::1"]), 1),
            ("no port", service(port: 0), 0), ("Cluster policy", service(policy: .cluster), 0),
            ("another type", service(type: .nodePort), 0), ("no address yet", service(clusterIPs: []), 0),
            ("ExternalName", service(type: .externalName), 0),
            ("another proxy's", service(labels: [LabelKey.serviceProxyName: "other"]), 0),
            ("another proxy's, unnamed", service(labels: [LabelKey.serviceProxyName: ""]), 0),
        ] as [(String, Service, Int)])
        func `only Services that a load balancer asks for have ports`(name: String, service: Service, count: Int) {
            var follower = Follower()
            let step = follower.set(.service(service))
            #expect(step.opened.count == count && step.closed.isEmpty, "\(name): \(step)")
        }

        @Test(arguments: [
            ("ready", [.make("10.0.0.1", node: here)], 1),
            ("elsewhere, nowhere", [.make("10.0.0.1", node: "node-b"), .make("10.0.0.2")], 0),
            ("not ready", [.make("10.0.0.1", ready: false, node: here), .make("10.0.0.2", node: here)], 1),
            ("serving, terminating", [.make("10.0.0.1", ready: false, serving: true, terminating: true, node: here)], 0),
            ("nobody says", [Endpoint(addresses: [ip("10.0.0.1")], nodeName: here)], 1),
            ("twice", [.make("10.0.0.1", node: here), .make("10.0.0.1", node: here)], 1),
        ] as [(String, [Endpoint], Int)])
        func `distinct ready endpoints of this node are counted`(name: String, endpoints: [Endpoint], count: Int) {
            var follower = Follower()
            _ = follower.set(.service(Self.service()))
            let step = follower.set(.endpointSlice(.make("web-1", service: "web", endpoints: endpoints)))
            #expect(step == HealthCheckTable.Step())
            #expect(follower.count(.ipv4) == count, "\(name)")
            #expect(follower.count(.ipv6) == 0)
        }

        @Test func `slices add up by family, each address once`() {
            var follower = Follower()
            let ports = [EndpointPort(name: "http", port: 8080), EndpointPort(name: "dns", protocol: .udp, port: 53)]
            let four = ["10.0.0.1", "10.0.0.2"].map { Endpoint.make($0, node: Self.here) }
            let six = [Endpoint.make("fd00::1", node: Self.here)]
            _ = follower.set(
                .service(Self.service()),
                .endpointSlice(.make("web-1", service: "web", ports: ports, endpoints: four)),
                .endpointSlice(.make("web-2", service: "web", endpoints: [four[1]])),
                .endpointSlice(.make("web-3", service: "web", endpoints: six)),
                .endpointSlice(
                    .make("web-4", service: "web", endpoints: [.make("10.0.0.9", node: Self.here)], labels: [LabelKey.headless: ""])),
                .endpointSlice(
                    .make(
                        "web-5", service: "web", ports: [EndpointPort(name: nil, port: nil)],
                        endpoints: [.make("10.0.0.8", node: Self.here)])),
                .endpointSlice(.make("other", service: "other", endpoints: [.make("10.0.0.7", node: Self.here)])))
            #expect(follower.count(.ipv4) == 2)
            #expect(follower.count(.ipv6) == 1)
            // Taken out of service by hand.
            let weighted = EndpointSlice.make("web-1", service: "web", endpoints: four) {
                $0.metadata.annotations[AnnotationKey.endpointWeights] = "10.0.0.1=0"
            }
            _ = follower.set(.endpointSlice(weighted))
            #expect(follower.count(.ipv4) == 1)
        }

        @Test func `a port comes, moves and goes with its Service, and counting moves none`() {
            var follower = Follower()
            let both = ["192.0.2.1", "2001:db8:2::1"]
            let first = follower.set(.service(Self.service()))
            #expect(first == HealthCheckTable.Step(closed: [], opened: Self.sockets("web", 32000, both[0], both[1])))
            let moved = follower.set(.service(Self.service(port: 32001)))
            #expect(moved.closed == Self.sockets("web", 32000, both[0], both[1]))
            #expect(moved.opened == Self.sockets("web", 32001, both[0], both[1]))
            // From one Service to another.
            let handed = follower.set(.service(Self.service(port: 0)), .service(Self.service("shop", port: 32001)))
            #expect(handed.closed.map(\.service.name) == ["web", "web"] && handed.opened.map(\.service.name) == ["shop", "shop"])
            let narrowed = follower.set(.service(Self.service("shop", port: 32001, clusterIPs: ["10.96.0.1"])))
            #expect(narrowed == HealthCheckTable.Step(closed: Self.sockets("shop", 32001, both[1]), opened: []))
            let gone = follower.apply([.delete(ObjectReference(kind: .service, key: ObjectKey(namespace: "default", name: "shop")))])
            #expect(gone == HealthCheckTable.Step(closed: Self.sockets("shop", 32001, both[0]), opened: []))
            #expect(follower.count(.ipv4, "shop") == 0)
        }

        @Test func `ports follow the addresses of NodePorts, beside those at localhost`() {
            var follower = Follower(at: [], and: ["127.0.0.1"])
            let local = follower.set(.service(Self.service()))
            #expect(local.opened == Self.sockets("web", 32000, "127.0.0.1"))
            let first = follower.table.serve(at: ["192.0.2.1", "192.0.2.7"].map { ip($0) })
            let step = follower.table.step()
            #expect(first && step.opened == Self.sockets("web", 32000, "192.0.2.1", "192.0.2.7") && step.closed.isEmpty)
            let again = follower.table.serve(at: ["192.0.2.7", "192.0.2.1", "127.0.0.1"].map { ip($0) })
            #expect(!again)
            let none = follower.table.serve(at: [])
            let last = follower.table.step()
            #expect(none && last.closed == Self.sockets("web", 32000, "192.0.2.1", "192.0.2.7"))
        }

        @Test func `steps that were not taken add up`() {
            var follower = Follower()
            for port: UInt16 in 32000..<32003 {
                let dirty = follower.store.apply([.set(.service(Self.service(port: port)))])
                let isNews = follower.table.update(snapshot: follower.store.snapshot, dirty: dirty)
                #expect(isNews)
            }
            let step = follower.table.step()
            #expect(step.opened == Self.sockets("web", 32002, "192.0.2.1", "2001:db8:2::1") && step.closed.isEmpty)
            let next = follower.table.step()
            #expect(next == HealthCheckTable.Step())
        }

        @Test(arguments: 1...20 as ClosedRange<UInt64>)
        func `whatever happens, the sockets are those of the objects`(seed: UInt64) {
            var random = SplitMix64(seed: seed)
            var follower = Follower()
            var held: Set<HealthCheckSocket> = []
            let names = ["a", "b", "c"]
            for _ in 0..<200 {
                let name = names.randomElement(using: &random) ?? ""
                let events: [StoreEvent]
                switch Int.random(in: 0..<4, using: &random) {
                case 0: events = [.delete(ObjectReference(kind: .service, key: ObjectKey(namespace: "default", name: name)))]
                case 1:
                    let ready = Bool.random(using: &random)
                    let endpoint = Endpoint.make("10.0.0.1", ready: ready, node: Self.here)
                    events = [.set(.endpointSlice(.make(name, service: name, endpoints: [endpoint])))]
                default:
                    let policy: TrafficPolicy = Bool.random(using: &random) ? .local : .cluster
                    let port = UInt16.random(in: 32000...32002, using: &random)
                    let addresses = Array(["10.96.0.1", "fd00:10:96::1"].prefix(Int.random(in: 0...2, using: &random)))
                    events = [.set(.service(Self.service(name, port: port, clusterIPs: addresses, policy: policy)))]
                }
                if Bool.random(using: &random) {
                    let count = Int.random(in: 0...2, using: &random)
                    _ = follower.table.serve(at: ["192.0.2.1", "2001:db8:2::1"].prefix(count).map { ip($0) })
                }
                let step = follower.apply(events)
                #expect(held.isSuperset(of: step.closed) && held.isDisjoint(with: step.opened), "seed \(seed)")
                held.subtract(step.closed)
                held.formUnion(step.opened)
            }
            _ = follower.table.serve(at: ["192.0.2.1", "2001:db8:2::1"].map { ip($0) })
            let last = follower.table.step()
            held.subtract(last.closed)
            held.formUnion(last.opened)
            var fresh = Follower()
            let all = fresh.apply(names.compactMap { follower.store.snapshot.services.object(ObjectKey(namespace: "default", name: $0)) }.map(StoreEvent.set))
            #expect(held == Set(all.opened), "seed \(seed)")
        }
    }
}
