import EndpointSliceController
import KubernetesModel
import NetworkTypes
import ObjectStore
import RandomTesting
import Testing

/// Whatever happened before, hints of the topology annotation keep their promise.
struct TopologyHintsPropertyTests {
    private static let zones = ["a", "b", "c", "d"]
    private static let nodeCount = 7

    @Test("all ready endpoints have one hint and no zone is overloaded, or none has any", arguments: Array(UInt64(1)...60))
    func promise(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var harness = ControllerHarness(maxEndpointsPerSlice: 4)
        let nodes = (0..<Self.nodeCount).map { node("n\($0)", zone: Self.zones.randomElement(using: &random), ready: true, milliCPU: 4000) }
        harness.apply(([service(topologyMode: "Auto")] + nodes).map { .set($0) })
        var given = 0
        for step in 0..<80 {
            let count = step == 0 ? 40 : Int.random(in: 1...3, using: &random)
            harness.apply((0..<count).map { _ in Self.event(&random) })
            let isGiven = check(harness, "seed \(seed), step \(step)")
            given += isGiven ? 1 : 0
        }
        #expect(given > 0, "seed \(seed) never had hints")
    }

    /// - Returns: hints were given.
    private func check(_ harness: ControllerHarness, _ place: String) -> Bool {
        let snapshot = harness.store.snapshot
        let endpoints = snapshot.slices(ofService: TopologyHintsTests.web).flatMap(\.endpoints)
        let ready = endpoints.filter(\.isReady)
        #expect(endpoints.allSatisfy { $0.hintNodes.isEmpty && ($0.isReady || $0.hintZones.isEmpty) }, "\(place)")
        let refusal = harness.controller.hintRefusals[TopologyHintsTests.web]?[.ipv4]

        let counted = snapshot.nodes.values.filter { $0.isReady && $0.metadata.labels[LabelKey.controlPlane] == nil }
        let cpu = counted.reduce(into: [String: Int64]()) { $0[$1.zone ?? "", default: 0] += $1.allocatableMilliCPU }
        let isKnown = counted.allSatisfy { $0.zone != nil && $0.allocatableMilliCPU > 0 }
        let total = Double(cpu.values.reduce(0, +))
        let share = cpu.mapValues { Double($0) / total * Double(ready.count) }
        // Each zone needs so many that its load is at most 1.2 of the average.
        let needed = share.mapValues { ($0 / 1.2 - 1e-9).rounded(.up) }
        let canBe =
            isKnown && cpu.count > 1 && ready.count >= cpu.count && needed.values.reduce(0, +) <= Double(ready.count)
            && ready.allSatisfy { $0.zone != nil }

        guard canBe else {
            #expect(ready.allSatisfy { $0.hintZones.isEmpty }, "\(place)")
            #expect(refusal != nil, "\(place): no reason is given")
            return false
        }
        #expect(refusal == nil, "\(place)")
        #expect(ready.allSatisfy { $0.hintZones.count == 1 }, "\(place)")
        let counts = ready.reduce(into: [String: Int]()) { $0[$1.hintZones.first ?? "", default: 0] += 1 }
        #expect(Set(counts.keys) == Set(cpu.keys), "\(place)")
        for (zone, count) in counts {
            #expect(Double(count) >= needed[zone] ?? 0, "\(place): zone \(zone) is overloaded")
        }
        return true
    }

    private static func event(_ random: inout SplitMix64) -> StoreEvent {
        let number = Int.random(in: 0..<30, using: &random)
        let name = "n\(Int.random(in: 0..<nodeCount, using: &random))"
        switch Int.random(in: 0..<12, using: &random) {
        case 0..<2: return .delete(pod("p\(number)").reference)
        case 2..<9:
            return .set(
                pod(
                    "p\(number)", IPAddress(v4: 0x0A00_0001 + UInt32(number)).description, node: name,
                    ready: Int.random(in: 0..<8, using: &random) > 0))
        case 9 where number < 3: return .delete(node(name, zone: nil).reference)
        default:
            let isOdd = Int.random(in: 0..<50, using: &random)
            return .set(
                node(
                    name, zone: isOdd == 0 ? nil : zones.randomElement(using: &random),
                    ready: Int.random(in: 0..<6, using: &random) > 0,
                    milliCPU: isOdd == 1 ? 0 : Int64.random(in: 1...8, using: &random) * 1000,
                    role: isOdd == 2 ? LabelKey.controlPlane : nil))
        }
    }
}
