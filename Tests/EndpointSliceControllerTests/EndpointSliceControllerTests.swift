import EndpointSliceController
import KubernetesModel
import NetworkTypes
import ObjectStore
import Testing

/// The driver: memberships, adoption, foreign writes, deletion.
struct EndpointSliceControllerTests {
    @Test func relabelledPodMovesBetweenServices() {
        var harness = ControllerHarness()
        harness.set(service("a", selector: ["app": "a"]), service("b", selector: ["app": "b", "tier": "x"]))
        harness.set(pod("p", "10.0.0.1", labels: ["app": "a"]))
        #expect(harness.podNames("a") == ["p"])
        harness.set(pod("p", "10.0.0.1", labels: ["app": "b"]))
        #expect(harness.podNames("a").isEmpty && harness.podNames("b").isEmpty)
        harness.set(pod("p", "10.0.0.1", labels: ["app": "b", "tier": "x"]))
        #expect(harness.podNames("b") == ["p"])
        harness.delete(.pod, "p")
        #expect(harness.podNames("b").isEmpty)
    }

    @Test func namespacesAreApart() {
        var harness = ControllerHarness()
        harness.set(service(), service(namespace: "other"), pod("p", "10.0.0.1"))
        #expect(harness.podNames("web") == ["p"])
        #expect(harness.podNames("web", namespace: "other").isEmpty)
    }

    @Test func untouchedServicesAreNotWritten() {
        var harness = ControllerHarness()
        harness.set(service(), service("other", selector: ["app": "other"]), pod("p", "10.0.0.1"))
        let written = harness.set(pod("p", "10.0.0.1", ready: false))
        #expect(written.setNames.allSatisfy { $0.hasPrefix("web-") } && written.count == 1)
    }

    @Test func heartbeatOfANodeWritesNothing() {
        var harness = ControllerHarness()
        harness.set(node("n1", zone: "east"), service(), pod("p", "10.0.0.1", node: "n1"))
        #expect(harness.set(node("n1", zone: "east", ready: false)).isEmpty)
        #expect(harness.set(node("n1", zone: "west")).count == 1)
    }

    @Test func deletedServiceTakesItsSlicesOnly() {
        var harness = ControllerHarness()
        let foreign = managedSlice("by-hand", manager: "staff")
        harness.set(service(), pod("p", "10.0.0.1"), .endpointSlice(foreign))
        harness.delete(.service, "web")
        #expect(harness.slices == [foreign])
        harness.set(service())
        #expect(harness.podNames("web") == ["p"])
    }

    /// As in Kubernetes, where only the deletion of the Service collects them.
    @Test func lostSelectorLeavesSlicesAsTheyAre() {
        var harness = ControllerHarness()
        harness.set(service(), pod("p", "10.0.0.1"))
        let before = harness.slices
        harness.set(service(selector: [:]))
        harness.delete(.pod, "p")
        #expect(harness.slices == before)
        harness.delete(.service, "web")
        #expect(harness.slices.isEmpty)
    }

    @Test func foreignEditsAreUndone() {
        var harness = ControllerHarness()
        harness.set(service(), pod("p", "10.0.0.1"))
        let wanted = harness.slices
        var edited = wanted[0]
        edited.endpoints = [podEndpoint("q", "10.6.6.6")]
        harness.set(.endpointSlice(edited))
        #expect(harness.slices == wanted)
        harness.delete(.endpointSlice, wanted[0].metadata.name)
        #expect(harness.slices == wanted)
        var disowned = wanted[0]
        disowned.metadata.labels[LabelKey.managedBy] = "staff"
        harness.set(.endpointSlice(disowned))
        #expect(harness.slices.count == 2 && harness.slices.contains(disowned))
    }

    @Test func adoptedSlicesThatAreRightAreNotWritten() {
        var harness = ControllerHarness()
        let slice = managedSlice("web-dumped", endpoints: [podEndpoint("b", "10.0.0.2"), podEndpoint("a", "10.0.0.1")])
        let written = harness.set(
            .endpointSlice(slice), service(), pod("a", "10.0.0.1"), pod("b", "10.0.0.2"))
        #expect(written.isEmpty)
        #expect(harness.slices == [slice])
    }

    @Test func podCountedTwiceByADumpIsCountedOnce() {
        var harness = ControllerHarness()
        harness.set(
            .endpointSlice(managedSlice("web-1", endpoints: [podEndpoint("a", "10.0.0.1")])),
            .endpointSlice(managedSlice("web-2", endpoints: [podEndpoint("a", "10.0.0.1")])),
            service(), pod("a", "10.0.0.1"))
        #expect(harness.slices.map(\.metadata.name) == ["web-1"])
        #expect(harness.podNames("web") == ["a"])
    }

    @Test func dumpWithoutPodsKeepsItsSlices() {
        var harness = ControllerHarness()
        let slice = managedSlice("web-dumped", endpoints: [podEndpoint("a", "10.0.0.1")])
        #expect(harness.set(.endpointSlice(slice), service()).isEmpty)
        #expect(harness.controller.statistics.servicesWithKeptSlices == 1)
        #expect(harness.set(pod("elsewhere", "10.0.0.9", namespace: "other")).isEmpty)
        harness.delete(.service, "web")
        #expect(harness.slices == [slice])
        harness.set(service())
        harness.set(pod("b", "10.0.0.2", labels: ["app": "other"]))
        #expect(harness.slices.map(\.endpoints) == [[]])
        #expect(harness.controller.statistics.servicesWithKeptSlices == 0)
        // The namespace is known now: its last pod gone means no pods.
        harness.set(pod("a", "10.0.0.1"))
        harness.delete(.pod, "a")
        harness.delete(.pod, "b")
        #expect(harness.podNames("web").isEmpty)
    }

    @Test func podsWithoutAddressAreCounted() {
        var harness = ControllerHarness()
        harness.set(service(), pod("a", phase: .pending), pod("b", phase: .pending), pod("done", phase: .succeeded))
        #expect(harness.controller.statistics.podsWithoutAddress == 2)
        harness.set(pod("a", "10.0.0.1"))
        harness.delete(.pod, "b")
        #expect(harness.controller.statistics.podsWithoutAddress == 0)
        #expect(harness.controller.statistics.pods == 2)
    }

    @Test func triggerTimeIsThatOfTheChange() {
        var harness = ControllerHarness()
        func time() -> String? { harness.slices.first?.metadata.annotations[AnnotationKey.lastChangeTriggerTime] }
        harness.set(service(created: 0), pod("a", "10.0.0.1", transition: 60), pod("b", "10.0.0.2", transition: 60))
        #expect(time() == "1970-01-01T00:00:00Z")
        harness.set(pod("a", "10.0.0.1", ready: false, transition: 3600), pod("b", "10.0.0.2", ready: false, transition: 7200))
        #expect(time() == "1970-01-01T01:00:00Z")
        harness.set(pod("a", "10.0.0.3", ready: false, transition: 3600))
        #expect(time() == nil)
    }

    @Test func controllerStartedOverAFullStoreSeesAll() {
        var store = ObjectStore()
        _ = store.apply([service(), pod("a", "10.0.0.1")].map(StoreEvent.set))
        var controller = EndpointSliceController()
        let written = controller.update(snapshot: store.snapshot, dirty: DirtyKeys())
        #expect(written.count == 1)
    }
}

/// Mirroring of hand-written Endpoints.
struct MirroringTests {
    private func endpoints(
        _ addresses: Int, notReady: Int = 0, labels: [String: String] = [:], annotations: [String: String] = [:]
    ) -> KubernetesObject {
        let all = (0..<(addresses + notReady)).map { Endpoints.Address(ip: IPAddress(v4: 0xC000_0200 + UInt32($0))) }
        return .endpoints(
            Endpoints(
                metadata: ObjectMeta(name: "web", namespace: "default", labels: labels, annotations: annotations),
                subsets: [
                    Endpoints.Subset(
                        addresses: Array(all.prefix(addresses)), notReadyAddresses: Array(all.dropFirst(addresses)),
                        ports: [Endpoints.Port(port: 80)])
                ]))
    }

    @Test func followsTheEndpointsAndTheService() {
        var harness = ControllerHarness()
        harness.set(endpoints(2))
        #expect(harness.slices.isEmpty, "no Service, no slice")
        harness.set(service(selector: [:]))
        #expect(harness.slices.map(\.endpoints.count) == [2])
        let name = harness.slices.map(\.metadata.name)
        harness.set(endpoints(3))
        #expect(harness.slices.map(\.endpoints.count) == [3])
        #expect(harness.slices.map(\.metadata.name) == name)
        harness.delete(.endpoints, "web")
        #expect(harness.slices.isEmpty)
        harness.set(endpoints(1))
        harness.delete(.service, "web")
        #expect(harness.slices.isEmpty)
    }

    @Test func takesAtMostAThousandReadyFirst() {
        var harness = ControllerHarness()
        harness.set(service(selector: [:]), endpoints(900, notReady: 300))
        let mirrored = harness.slices.flatMap(\.endpoints)
        #expect(mirrored.count == MirrorReconciler.maxAddressesPerSubset)
        #expect(mirrored.filter(\.isReady).count == 900)
    }

    @Test(arguments: [
        ([LabelKey.skipMirror: "true"], [:]), ([:], [AnnotationKey.leaderElection: "{}"]),
    ] as [([String: String], [String: String])])
    func skipped(_ labels: [String: String], _ annotations: [String: String]) {
        var harness = ControllerHarness()
        harness.set(service(selector: [:]), endpoints(1))
        #expect(harness.slices.count == 1)
        harness.set(endpoints(1, labels: labels, annotations: annotations))
        #expect(harness.slices.isEmpty)
    }

    @Test func annotationsAreCopiedTakenBackAndThenLeftAlone() throws {
        var harness = ControllerHarness()
        let written = [
            "example.com/owner": "shop", "example.com/old": "1", AnnotationKey.lastChangeTriggerTime: "2026-01-01T00:00:00Z",
            AnnotationKey.lastAppliedConfiguration: "{}",
        ]
        harness.set(service(selector: [:]), endpoints(1, annotations: written))
        let first = try #require(harness.slices.first)
        #expect(first.metadata.annotations == ["example.com/owner": "shop", "example.com/old": "1"])
        let same = harness.set(endpoints(1, annotations: written.merging([AnnotationKey.lastChangeTriggerTime: "later"]) { $1 }))
        #expect(same.isEmpty, "nothing that is copied changed")
        harness.set(endpoints(1, annotations: ["example.com/owner": "depot"]))
        #expect(harness.slices.map(\.metadata.annotations) == [["example.com/owner": "depot"]])

        // What somebody adds to the slice goes again, once.
        var tampered = try #require(harness.slices.first)
        tampered.metadata.annotations["example.com/stray"] = "1"
        tampered.metadata.annotations[AnnotationKey.lastAppliedConfiguration] = "{}"
        #expect(harness.set(.endpointSlice(tampered)).count == 1)
        #expect(harness.slices.map(\.metadata.annotations) == [["example.com/owner": "depot"]])
        let settled = harness.set(endpoints(1, annotations: ["example.com/owner": "depot"]))
        #expect(settled.isEmpty)
    }

    @Test func endpointsOfServicesWithSelectorsAreIgnored() {
        var harness = ControllerHarness()
        harness.set(service(), endpoints(5), pod("a", "10.0.0.1"))
        #expect(harness.podNames("web") == ["a"])
        #expect(harness.slices.count == 1)
    }

    @Test func dumpedMirrorsAreAdoptedOrKept() {
        var harness = ControllerHarness()
        let mirrored = managedSlice(
            "web-old", manager: SliceManager.mirroring,
            endpoints: [Endpoint(addresses: [IPAddress(v4: 0xC000_0200)], ready: true)])
        #expect(harness.set(.endpointSlice(mirrored), service(selector: [:])).isEmpty, "kept: no Endpoints in the dump")
        #expect(harness.set(endpoints(1)).isEmpty, "adopted: it is right")
        harness.set(endpoints(2))
        #expect(harness.slices.map(\.metadata.name) == ["web-old"])
    }
}
