import EndpointSliceController
import KubernetesModel
import NetworkTypes
import ObjectStore
import Testing

/// Hints by the topology annotation.
struct TopologyHintsTests {
    /// Nodes, how many pods are on each, and what their endpoints are told.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let nodes: [KubernetesObject]
        let pods: [String: Int]
        var hints: [String: Int] = [:]
        var refusal: HintRefusal?
    }

    static let equal = [node("e1", zone: "east", milliCPU: 4000), node("w1", zone: "west", milliCPU: 4000)]
    static let uneven = [node("e1", zone: "east", milliCPU: 6000), node("w1", zone: "west", milliCPU: 2000)]

    static let cases: [Case] = [
        Case(
            testDescription: "two zones with equal CPU and pods: each serves its own", nodes: equal,
            pods: ["e1": 2, "w1": 2], hints: ["east": 2, "west": 2]),
        Case(
            testDescription: "equal CPU, all pods in one zone: half of them serve the other", nodes: equal,
            pods: ["e1": 4], hints: ["east": 2, "west": 2]),
        Case(
            testDescription: "uneven CPU moves endpoints to the greater zone", nodes: uneven,
            pods: ["e1": 2, "w1": 6], hints: ["east": 6, "west": 2]),
        Case(
            testDescription: "within 20 % of the shares each serves its own", nodes: equal,
            pods: ["e1": 4, "w1": 3], hints: ["east": 4, "west": 3]),
        Case(
            testDescription: "CPU of one zone adds up over its nodes", nodes: equal + [node("w2", zone: "west", milliCPU: 8000)],
            pods: ["e1": 4, "w1": 4], hints: ["east": 2, "west": 6]),
        Case(
            testDescription: "a control-plane node is left out",
            nodes: equal + [
                node("cp", zone: "west", milliCPU: 64000, role: LabelKey.controlPlane),
                node("old-cp", zone: "north", role: LabelKey.legacyControlPlane),
            ],
            pods: ["e1": 2, "w1": 2], hints: ["east": 2, "west": 2]),
        Case(
            testDescription: "a node that is not ready is left out, and its pods serve the others",
            nodes: equal + [node("n1", zone: "north", ready: false, milliCPU: 4000)],
            pods: ["e1": 1, "w1": 1, "n1": 2], hints: ["east": 2, "west": 2]),
        Case(
            testDescription: "three zones, pods in one", nodes: equal + [node("n1", zone: "north", milliCPU: 4000)],
            pods: ["n1": 6], hints: ["east": 2, "north": 2, "west": 2]),
        Case(
            testDescription: "fewer endpoints than zones", nodes: equal, pods: ["e1": 1],
            refusal: .fewerEndpointsThanZones(endpoints: 1, zones: 2)),
        Case(
            testDescription: "three endpoints over two equal zones overload one", nodes: equal,
            pods: ["e1": 2, "w1": 1], refusal: .overload(endpoints: 3, zones: 2)),
        Case(
            testDescription: "five endpoints over two equal zones overload one", nodes: equal,
            pods: ["e1": 2, "w1": 3], refusal: .overload(endpoints: 5, zones: 2)),
        Case(
            testDescription: "a ready node without CPU", nodes: equal + [node("w2", zone: "west"), node("x", zone: "west")],
            pods: ["e1": 2, "w1": 2], refusal: .nodeWithoutCPU("w2")),
        Case(
            testDescription: "a ready node without zone", nodes: equal + [node("a", zone: nil, milliCPU: 1)],
            pods: ["e1": 2, "w1": 2], refusal: .nodeWithoutZone("a")),
        Case(
            testDescription: "one zone", nodes: [equal[0]], pods: ["e1": 4], refusal: .oneZone("east")),
        Case(testDescription: "no nodes", nodes: [], pods: ["e1": 2, "w1": 2], refusal: .noReadyNode),
        Case(
            testDescription: "a pod on a node nobody knows", nodes: equal, pods: ["e1": 2, "w1": 2, "z9": 1, "z8": 1],
            refusal: .endpointWithoutZone("p-z8-0")),
        Case(
            testDescription: "CPU that no 64 bits can sum up",
            nodes: [node("e1", zone: "east", milliCPU: .max), node("e2", zone: "east", milliCPU: .max), node("w1", zone: "west", milliCPU: .max)],
            pods: ["e1": 3], hints: ["east": 2, "west": 1]),
    ]

    @Test("shares of zones", arguments: cases)
    func shares(_ row: Case) {
        var harness = ControllerHarness()
        harness.apply((row.nodes + [service(topologyMode: "Auto")] + Self.pods(row.pods)).map { .set($0) })
        #expect(Self.hints(harness) == row.hints)
        let refusals = harness.controller.hintRefusals[Self.web]
        #expect(refusals == row.refusal.map { [.ipv4: $0] })
        #expect(harness.controller.statistics.servicesWithoutHints == (row.refusal == nil ? 0 : 1))
    }

    @Test("only the new pod's endpoint is decided when one comes")
    func reuse() {
        var harness = ControllerHarness(maxEndpointsPerSlice: 3)
        harness.apply((Self.equal + [service(topologyMode: "Auto")] + Self.pods(["e1": 6])).map { .set($0) })
        let before = Self.hintsByPod(harness)
        let written = harness.set(pod("new", "10.0.9.9", node: "w1"))
        #expect(Self.hintsByPod(harness) == before.merging(["new": ["west"]]) { old, _ in old })
        #expect(written.count == 1)

        // A pod that is decided anew for another reason goes on serving the foreign zone.
        let foreign = before.filter { $0.value == ["west"] }.keys.sorted()
        #expect(foreign.count == 3)
        for case .pod(var changed) in Self.pods(["e1": 6]) where foreign.contains(changed.metadata.name) {
            changed.metadata.annotations[AnnotationKey.weight] = "2"
            #expect(harness.set(.pod(changed)).count == 1)
        }
        #expect(Self.hintsByPod(harness).filter { $0.key != "new" } == before)
    }

    @Test("an endpoint that serves a foreign zone returns when that zone has its own")
    func returning() {
        var harness = ControllerHarness()
        harness.apply((Self.equal + [service(topologyMode: "Auto")] + Self.pods(["e1": 4])).map { .set($0) })
        harness.set(pod("w-0", "10.0.9.1", node: "w1"), pod("w-1", "10.0.9.2", node: "w1"))
        let zones = Self.hintsByPod(harness)
        #expect(Self.hints(harness) == ["east": 3, "west": 3])
        #expect(zones["w-0"] == ["west"] && zones["w-1"] == ["west"])
    }

    @Test("earlier hints are moved where a change of CPU makes them wrong")
    func moved() {
        var harness = ControllerHarness()
        harness.apply((Self.equal + [service(topologyMode: "Auto")] + Self.pods(["e1": 4, "w1": 4])).map { .set($0) })
        harness.set(node("w1", zone: "west", milliCPU: 28000))
        // One more than its share stays in the east: nobody is overloaded by more than 20 %.
        #expect(Self.hints(harness) == ["east": 2, "west": 6])
        harness.set(node("w1", zone: "east", milliCPU: 28000))
        #expect(Self.hints(harness) == [:])
        #expect(harness.controller.hintRefusals[Self.web]?[.ipv4] == .oneZone("east"))
    }

    @Test("a node's change concerns Services with the annotation only, a heartbeat none")
    func requeue() {
        var harness = ControllerHarness()
        let others = [service("plain"), service("close", trafficDistribution: "PreferClose")]
        harness.apply((Self.equal + others + [service(topologyMode: "Auto")] + Self.pods(["e1": 2, "w1": 2])).map { .set($0) })
        #expect(harness.set(node("w1", zone: "west", milliCPU: 4000)).isEmpty)
        let notReady = harness.set(node("w1", zone: "west", ready: false, milliCPU: 4000))
        #expect(notReady.count == 1 && notReady.setNames.allSatisfy { $0.hasPrefix("web-") })
        #expect(Self.hints(harness) == [:])
        #expect(harness.set(node("w1", zone: "west", milliCPU: 4000)).count == 1)
        #expect(Self.hints(harness) == ["east": 2, "west": 2])
        harness.set(service())
        #expect(harness.set(node("w1", zone: "west", ready: false, milliCPU: 4000)).isEmpty)
    }

    @Test("reasons go with the annotation and with the Service")
    func reasonsGo() {
        var harness = ControllerHarness()
        harness.apply([service(topologyMode: "Auto"), service("b", topologyMode: "Auto"), pod("a", "10.0.0.1")].map { .set($0) })
        #expect(harness.controller.hintRefusals.count == 2)
        harness.set(service(topologyMode: "Disabled"))
        #expect(harness.controller.hintRefusals[Self.web] == nil)
        harness.delete(.service, "b")
        #expect(harness.controller.hintRefusals.isEmpty)
        harness.set(service(topologyMode: "PreferZone"))
        #expect(harness.controller.hintRefusals[Self.web]?[.ipv4] == .unknownTopologyMode("PreferZone"))
    }

    @Test("trafficDistribution tells which endpoint keeps consumers from following it")
    func distribution() {
        var harness = ControllerHarness()
        harness.apply(
            (Self.equal + [service(trafficDistribution: "PreferSameZone"), pod("a", "10.0.0.1", node: "e1"), pod("b", "10.0.0.2")])
                .map { .set($0) })
        #expect(Self.hintsByPod(harness) == ["a": ["east"], "b": []])
        #expect(harness.controller.hintRefusals[Self.web]?[.ipv4] == .endpointWithoutZone("b"))
        harness.set(pod("b", "10.0.0.2", node: "w1"))
        #expect(harness.controller.hintRefusals.isEmpty)
        harness.set(service(trafficDistribution: "PreferSameNode"), pod("b", "10.0.0.2"))
        #expect(harness.controller.hintRefusals[Self.web]?[.ipv4] == .endpointWithoutNode("b"))
    }

    static let web = ObjectKey(namespace: "default", name: "web")

    static func pods(_ counts: [String: Int]) -> [KubernetesObject] {
        var host: UInt32 = 0x0A00_0000
        return counts.sorted { $0.key < $1.key }.flatMap { name, count in
            (0..<count).map { number in
                host += 1
                return pod("p-\(name)-\(number)", IPAddress(v4: host).description, node: name)
            }
        }
    }

    static func hintsByPod(_ harness: ControllerHarness) -> [String: [String]] {
        Dictionary(
            harness.store.snapshot.slices(ofService: web).flatMap(\.endpoints).map { ($0.targetRef?.name ?? "", $0.hintZones) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Ready endpoints by the zone they serve.
    static func hints(_ harness: ControllerHarness) -> [String: Int] {
        hintsByPod(harness).values.reduce(into: [:]) { counts, zones in
            for zone in zones { counts[zone, default: 0] += 1 }
        }
    }
}
