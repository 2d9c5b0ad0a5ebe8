import EndpointSliceController
import KubernetesModel
import NetworkTypes
import ObjectStore
import Testing

/// The weights of pods on their slices.
struct WeightTests {
    private func weights(_ harness: ControllerHarness) -> [String?] {
        harness.slices.map { $0.metadata.annotations[AnnotationKey.endpointWeights] }
    }

    @Test("each slice has the weights of its own endpoints, without those that are 1")
    func perSlice() {
        var harness = ControllerHarness(maxEndpointsPerSlice: 2)
        harness.set(
            service(), pod("a", "10.0.0.1", weight: "3"), pod("b", "10.0.0.2", weight: "0"), pod("c", "10.0.0.3", weight: "5"),
            pod("d", "10.0.0.4", weight: "1"), pod("e", "10.0.0.5"))
        #expect(Set(weights(harness)) == ["10.0.0.1=3,10.0.0.2=0", "10.0.0.3=5", nil])
    }

    @Test("a weight alone that changes writes one slice")
    func change() {
        var harness = ControllerHarness(maxEndpointsPerSlice: 2)
        harness.set(service(), pod("a", "10.0.0.1"), pod("b", "10.0.0.2"), pod("c", "10.0.0.3"), pod("d", "10.0.0.4"))
        #expect(harness.set(pod("b", "10.0.0.2", weight: "7")).count == 1)
        #expect(Set(weights(harness)) == ["10.0.0.2=7", nil])
        #expect(harness.set(pod("b", "10.0.0.2", weight: "07")).isEmpty)
        #expect(harness.set(pod("b", "10.0.0.2")).count == 1)
        #expect(weights(harness) == [nil, nil])
    }

    @Test("weights of others stay when a pod of the slice changes or goes")
    func neighbours() {
        var harness = ControllerHarness()
        harness.set(service(), pod("a", "10.0.0.1", weight: "3"), pod("b", "10.0.0.2", weight: "4"), pod("c", "10.0.0.3"))
        harness.set(pod("c", "10.0.0.3", ready: false))
        #expect(weights(harness) == ["10.0.0.1=3,10.0.0.2=4"])
        harness.set(pod("a", "10.0.0.11", weight: "3"))
        #expect(weights(harness) == ["10.0.0.2=4,10.0.0.11=3"])
        harness.delete(.pod, "b")
        #expect(weights(harness) == ["10.0.0.11=3"])
        harness.delete(.pod, "a")
        harness.delete(.pod, "c")
        #expect(weights(harness) == [nil])
    }

    @Test("a slice that someone else weighted is put right")
    func tampering() {
        var harness = ControllerHarness()
        harness.set(service(), pod("a", "10.0.0.1", weight: "3"))
        var slice = harness.slices[0]
        slice.metadata.annotations[AnnotationKey.endpointWeights] = "10.0.0.1=9,10.0.0.2=1"
        harness.set(.endpointSlice(slice))
        #expect(weights(harness) == ["10.0.0.1=3"])
    }
}
