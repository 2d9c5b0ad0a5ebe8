import KubernetesModel
import NetworkTypes
import ObjectStore
import RandomTesting
import Testing

@testable import ManifestSource

@Suite("Allocation of cluster IPs and node ports")
struct AllocationTests {
    static func address(_ batch: ManifestBatch, _ name: String) -> String? {
        batch.service(name)?.spec.clusterAddresses.map(\.description).joined(separator: ",")
    }

    @Test("each Service gets what its type and families ask for")
    func needs() throws {
        var tracker = ManifestTracker()
        let batch = tracker.apply([
            "a": [
                Manifests.service("plain"),
                Manifests.service("dual", "ipFamilyPolicy: RequireDualStack\n  ports: [{port: 80}]"),
                Manifests.service("six", "ipFamilies: [IPv6]\n  ports: [{port: 80}]"),
                Manifests.service("headless", "clusterIP: None\n  selector: {a: b}\n  ports: [{port: 80}]"),
                Manifests.service("outside", "type: ExternalName\n  externalName: example.com"),
                Manifests.service("node", "type: NodePort\n  ports: [{name: a, port: 53}, {name: b, port: 53, protocol: UDP}, {name: c, port: 80, nodePort: 30080}]"),
                Manifests.service("lb", "type: LoadBalancer\n  externalTrafficPolicy: Local\n  ports: [{port: 80}]"),
                Manifests.service("bare", "type: LoadBalancer\n  allocateLoadBalancerNodePorts: false\n  ports: [{port: 80}]"),
            ].joined(separator: "---\n")
        ])
        #expect(batch.faults == [])
        let range = AllocationSettings.standardClusterRanges
        let plain = try #require(batch.service("plain")?.spec)
        #expect(plain.clusterAddresses.count == 1 && range[0].contains(plain.clusterAddresses[0]))
        #expect(plain.ipFamilies == [.ipv4] && plain.ipFamilyPolicy == .singleStack)
        let dual = try #require(batch.service("dual")?.spec)
        #expect(dual.clusterAddresses.map(\.family) == [.ipv4, .ipv6] && range[1].contains(dual.clusterAddresses[1]))
        #expect(batch.service("six")?.spec.clusterAddresses.map(\.family) == [.ipv6])
        #expect(batch.service("headless")?.spec.clusterIPs == [ClusterIP.none])
        #expect(batch.service("outside")?.spec.clusterIPs == [])
        let node = try #require(batch.service("node")?.spec.ports.map { $0.nodePort?.rawValue ?? 0 })
        #expect(node[0] == node[1] && node[0] >= 30000 && node[0] != 30080 && node[2] == 30080)
        let lb = try #require(batch.service("lb")?.spec)
        #expect(lb.healthCheckNodePort >= 30000 && lb.ports[0].nodePort != nil)
        #expect(lb.healthCheckNodePort != lb.ports[0].nodePort?.rawValue)
        #expect(batch.service("bare")?.spec.ports[0].nodePort == nil)
    }

    @Test("a LoadBalancer that wants no node ports keeps those it names and is given none")
    func noNodePorts() throws {
        var tracker = ManifestTracker()
        func ports(_ allocates: Bool) throws -> [UInt16?] {
            let batch = tracker.apply([
                "a": Manifests.service(
                    "lb",
                    "type: LoadBalancer\n  allocateLoadBalancerNodePorts: \(allocates)\n  ports: [{name: a, port: 80}, {name: b, port: 81, nodePort: 30081}, {name: c, port: 81, protocol: UDP}]")
            ])
            #expect(batch.faults == [])
            return try #require(batch.service("lb")).spec.ports.map { $0.nodePort?.rawValue }
        }
        #expect(try ports(false) == [nil, 30081, nil])
        let given = try ports(true)
        #expect(given[0] != nil && given[1] == 30081 && given[2] == 30081)
        #expect(try ports(false) == [nil, 30081, nil])
        // The port that was given back is free, the one that is named is not.
        let taken = tracker.apply([
            "b": Manifests.service("b", "type: NodePort\n  ports: [{port: 80, nodePort: \(given[0] ?? 0)}]"),
            "c": Manifests.service("c", "type: NodePort\n  ports: [{port: 80, nodePort: 30081}]"),
        ])
        #expect(taken.faults.count == 1 && taken.faults[0].message.contains("Service default/c: spec.ports[0].nodePort"))
    }

    static let refusals: [(String, String, [String])] = [
        (
            "two Services name one address",
            Manifests.service("a", "clusterIP: 10.96.0.10\n  ports: [{port: 80}]") + "---\n"
                + Manifests.service("b", "clusterIP: 10.96.0.10\n  ports: [{port: 80}]"),
            ["a:8:1: Service default/b: spec.clusterIPs[0]: Invalid value: \"10.96.0.10\": already taken by Service default/a at a:1:1"]
        ),
        (
            "two Services name one node port, for different protocols",
            Manifests.service("a", "type: NodePort\n  ports: [{port: 80, nodePort: 30080}]") + "---\n"
                + Manifests.service("b", "type: NodePort\n  ports: [{port: 80, nodePort: 30080, protocol: UDP}]"),
            ["a:8:1: Service default/b: spec.ports[0].nodePort: Invalid value: 30080: already taken by Service default/a at a:1:1"]
        ),
        (
            "an address outside the ranges", Manifests.service("a", "clusterIP: 10.0.0.1\n  ports: [{port: 80}]"),
            ["a:1:1: Service default/a: spec.clusterIPs[0]: Invalid value: \"10.0.0.1\": not an address of the service ranges 10.96.0.0/12, fd00:10:96::/112"]
        ),
        (
            "the address of the network", Manifests.service("a", "clusterIP: 10.96.0.0\n  ports: [{port: 80}]"),
            ["a:1:1: Service default/a: spec.clusterIPs[0]: Invalid value: \"10.96.0.0\": not an address of the service ranges 10.96.0.0/12, fd00:10:96::/112"]
        ),
        (
            "a node port outside the range", Manifests.service("a", "type: NodePort\n  ports: [{port: 80, nodePort: 8080}]"),
            ["a:1:1: Service default/a: spec.ports[0].nodePort: Invalid value: 8080: not in the range of node ports, 30000-32767"]
        ),
    ]

    @Test("what is taken or out of range is refused", arguments: refusals)
    func refused(_ name: String, _ text: String, _ faults: [String]) {
        var tracker = ManifestTracker()
        #expect(tracker.apply(["a": text]).faults.map(\.description) == faults, "\(name)")
    }

    @Test("a family without a range, and a range that is used up, are refused until there is room")
    func exhausted() throws {
        let range = try #require(IPPrefix("10.0.0.0/30"))
        var tracker = ManifestTracker(AllocationSettings(clusterRanges: [range]))
        let six = tracker.apply(["six": Manifests.service("six", "ipFamilies: [IPv6]\n  ports: [{port: 80}]")])
        #expect(six.faults.map(\.message) == ["Service default/six: spec.ipFamilies: Invalid value: \"IPv6\": no service range has this family"])
        _ = tracker.apply(["six": nil])
        let both = tracker.apply(["a": Manifests.service("a"), "b": Manifests.service("b")])
        #expect(Set([Self.address(both, "a"), Self.address(both, "b")]) == ["10.0.0.1", "10.0.0.2"])
        let full = tracker.apply(["c": Manifests.service("c")])
        #expect(full.faults.map(\.message) == ["Service default/c: no IPv4 clusterIP left: the range is used up"])
        let room = tracker.apply(["a": nil])
        #expect(room.faults == [] && Self.address(room, "c") == Self.address(both, "a"))
    }

    @Test("an explicit address takes an allocated one, which moves and is told")
    func moves() throws {
        var tracker = ManifestTracker()
        let first = tracker.apply(["a": Manifests.service("a")])
        let old = try #require(Self.address(first, "a"))
        let second = tracker.apply(["b": Manifests.service("b", "clusterIP: \(old)\n  ports: [{port: 80}]")])
        let new = try #require(Self.address(second, "a"))
        #expect(new != old && Self.address(second, "b") == old && second.faults == [])
        #expect(second.moves.map(\.description) == [
            "Service default/a: IPv4 clusterIP moved from \(old) to \(new), for Service default/b names \(old)"
        ])
    }

    @Test("who waits for an address gets it when its holder goes; a refused edit keeps the earlier version")
    func waiting() {
        var tracker = ManifestTracker()
        func text(_ name: String, _ last: Int) -> String {
            Manifests.service(name, "clusterIP: 10.96.0.\(last)\n  ports: [{port: 80}]")
        }
        _ = tracker.apply(["a": text("a", 10), "b": text("b", 11)])
        let refused = tracker.apply(["b": text("b", 10)])
        #expect(refused.summary == [] && refused.newFaults.count == 1)
        // The earlier version is still held: nobody else gets its address.
        #expect(tracker.apply(["c": text("c", 11)]).newFaults.count == 1)
        let freed = tracker.apply(["a": nil])
        #expect(Self.address(freed, "b") == "10.96.0.10" && Self.address(freed, "c") == "10.96.0.11")
        #expect(freed.faults == [])
        // An exchange within one change is no dispute.
        let exchanged = tracker.apply(["b": text("b", 11), "c": text("c", 10)])
        #expect(exchanged.faults == [] && Self.address(exchanged, "b") == "10.96.0.11")
    }

    @Test("allocations do not depend on order, edits of others or restarts", arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func stability(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let range = try #require(IPPrefix("10.0.0.0/24"))
        let settings = AllocationSettings(clusterRanges: [range])
        func demand(_ name: String) throws -> AllocationDemand {
            let contents = Manifests.read(Manifests.service(name, "type: NodePort\n  ports: [{port: 80}]"))
            guard case .service(let service)? = contents.objects.first?.object else { throw NoService() }
            return AllocationDemand(service, ranges: [range])
        }
        let demand = try demand("any")
        var allocator = AddressAllocator(settings)
        var held: [ObjectKey: [AllocationSlot: AllocatedResource]] = [:]
        for _ in 0..<300 {
            let key = ObjectKey(namespace: "n", name: "s\(random.below(150))")
            let isGone = random.below(3) == 0
            let outcome = allocator.update([(key, isGone ? nil : demand)])
            held[key] = isGone ? nil : allocator.record(of: key)
            #expect(outcome.moves.isEmpty, "seed \(seed)")
            for (key, slots) in held { #expect(allocator.record(of: key) == slots, "seed \(seed)") }
        }
        let resources = held.values.flatMap(\.values)
        #expect(Set(resources).count == resources.count, "seed \(seed)")
        #expect(!resources.contains(.address(range.address)) && !resources.contains(.address(range.lastAddress)))

        var restarted = AddressAllocator(settings, remembering: allocator.records)
        _ = restarted.update(held.keys.shuffled(using: &random).map { ($0, demand) })
        #expect(restarted.records == held, "seed \(seed)")
        #expect(restarted.unseen.isEmpty)
    }

    struct NoService: Error {}

    @Test("what did not come back after a restart is forgotten once every file can be read")
    func unseen() {
        let key = ObjectKey(namespace: "default", name: "gone")
        let slots: [AllocationSlot: AllocatedResource] = [.clusterIP(.ipv4): .address(IPAddress(v4: 0x0A60_0505))]
        var tracker = ManifestTracker(allocator: AddressAllocator(.standard, remembering: [key: slots]))
        _ = tracker.apply(["a": "]"])
        #expect(tracker.allocator.record(of: key) == slots)
        let mended = tracker.apply([ManifestChange(path: "a", contents: Manifests.read(Manifests.pod("p")))])
        #expect(tracker.allocator.record(of: key) == nil && mended.records == [key])
    }
}
