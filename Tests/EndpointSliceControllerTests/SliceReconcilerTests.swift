import EndpointSliceController
import KubernetesModel
import NetworkTypes
import ObjectStore
import Testing

/// Packing: which slices are written, and that nothing is moved without need.
struct SliceReconcilerTests {
    private func counts(_ harness: ControllerHarness) -> [Int] {
        harness.slices.map(\.endpoints.count).sorted()
    }

    struct Growth: Sendable, CustomTestStringConvertible {
        let behaviour: String
        let first: Int
        let then: Int
        let slices: [Int]
        let written: Int
        var testDescription: String { behaviour }
    }

    @Test(arguments: [
        Growth(behaviour: "the rest goes to the slice it fits", first: 15, then: 18, slices: [8, 10], written: 1),
        Growth(behaviour: "too many for the open slice make a new one", first: 18, then: 22, slices: [4, 8, 10], written: 1),
        Growth(behaviour: "full slices first, the rest into the open one", first: 15, then: 29, slices: [9, 10, 10], written: 2),
        Growth(behaviour: "a placeholder is used before a slice is made", first: 0, then: 3, slices: [3], written: 1),
    ])
    func growth(_ growth: Growth) {
        var harness = ControllerHarness(maxEndpointsPerSlice: 10)
        harness.apply(([service()] + pods(0..<growth.first)).map(StoreEvent.set))
        let written = harness.apply(pods(growth.first..<growth.then).map(StoreEvent.set))
        #expect(counts(harness) == growth.slices)
        #expect(written.count == growth.written)
    }

    @Test func changedSlicesAreFilledFullestFirst() {
        var harness = ControllerHarness(maxEndpointsPerSlice: 10)
        harness.apply(([service()] + pods(0..<30)).map(StoreEvent.set))
        // One pod leaves the first slice and three the second, while two come.
        let gone = ["web-0000", "web-0010", "web-0011", "web-0012"].map {
            StoreEvent.delete(ObjectReference(kind: .pod, key: ObjectKey(namespace: "default", name: $0)))
        }
        harness.apply(gone + pods(40..<42).map(StoreEvent.set))
        #expect(counts(harness) == [8, 10, 10])
    }

    @Test func onePodChangesOnlyItsSlice() {
        var harness = ControllerHarness(maxEndpointsPerSlice: 10)
        harness.apply(([service()] + pods(0..<250)).map(StoreEvent.set))
        #expect(harness.slices.count == 25)
        #expect(harness.set(pod("web-0123", "10.0.0.124", ready: false)).count == 1)
        #expect(harness.set(pod("web-0123", "10.9.9.9")).count == 1)
        #expect(harness.set(pod("web-0123", "10.9.9.9", labels: ["app": "other"])).count == 1)
        #expect(!harness.podNames("web").contains("web-0123"))
        #expect(harness.set(pod("web-0123", "10.9.9.9", labels: ["app": "web"])).count == 1)
        #expect(harness.podNames("web").count == 250)
    }

    @Test func anotherTargetPortMovesThePodOnly() {
        let named = [ServicePortSpec(port: 80, targetPort: .name("http"))]
        var harness = ControllerHarness(maxEndpointsPerSlice: 10)
        let old = [ContainerPort(name: "http", containerPort: 8080)]
        let new = [ContainerPort(name: "http", containerPort: 8081)]
        harness.set(service(ports: named), pod("a", "10.0.0.1", ports: old), pod("b", "10.0.0.2", ports: old))
        let written = harness.set(pod("b", "10.0.0.2", ports: new))
        #expect(written.setNames.count == 2)
        #expect(harness.slices.map(\.endpoints.count) == [1, 1])
    }

    @Test func emptiedSlicesAreUsedForOthers() {
        let named = [ServicePortSpec(port: 80, targetPort: .name("http"))]
        var harness = ControllerHarness()
        harness.set(
            service(ports: named), pod("a", "10.0.0.1", ports: [ContainerPort(name: "http", containerPort: 8080)]))
        let name = harness.slices.map(\.metadata.name)
        let written = harness.set(
            pod("a", "10.0.0.1", ports: [ContainerPort(name: "http", containerPort: 8081)]))
        #expect(written.deletedNames.isEmpty)
        #expect(harness.slices.map(\.metadata.name) == name)
    }

    @Test func lostFamilyLosesItsSlices() {
        var harness = ControllerHarness()
        harness.set(service(families: [.ipv4, .ipv6]), pod("a", "10.0.0.1", "fd00::1"))
        #expect(harness.slices.count == 2)
        harness.set(service(families: [.ipv6]), pod("a", "10.0.0.1", "fd00::1"))
        #expect(harness.slices.map(\.addressType) == [.ipv6])
    }

    @Test func hintsOfNotReadyEndpointsStay() {
        var harness = ControllerHarness()
        harness.set(node("n1", zone: "east"), service(trafficDistribution: "PreferClose"), pod("a", "10.0.0.1", node: "n1"))
        harness.set(pod("a", "10.0.0.1", node: "n1", ready: false))
        #expect(harness.slices.first?.endpoints.map(\.hintZones) == [["east"]])
        harness.set(service())
        #expect(harness.slices.first?.endpoints.map(\.hintZones) == [[]])
    }

    @Test func podsOfUnknownNodesWaitForTheNode() {
        var harness = ControllerHarness(skipsPodsOfUnknownNodes: true)
        harness.set(service(), service("any", publishNotReady: true), pod("a", "10.0.0.1", node: "n1"))
        #expect(harness.podNames("web").isEmpty)
        #expect(harness.podNames("any") == ["a"])
        harness.set(node("n1", zone: nil))
        #expect(harness.podNames("web") == ["a"])
        harness.delete(.node, "n1", namespace: "")
        #expect(harness.podNames("web").isEmpty)
    }

    @Test func namesAvoidSlicesOfOthers() {
        var first = ControllerHarness()
        first.set(service())
        let name = first.slices[0].metadata.name
        #expect(name.hasPrefix("web-") && name.utf8.count == "web-".utf8.count + 5)

        var second = ControllerHarness()
        let foreign = EndpointSlice(metadata: ObjectMeta(name: name, namespace: "default"), addressType: .ipv4)
        second.set(.endpointSlice(foreign), service())
        #expect(second.slices.count == 2)
        #expect(second.slices.contains(foreign))
    }
}
